package servers

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLabourWritesUntilItRests(t *testing.T) {
	dir := t.TempDir()
	l := labour{dir: dir}
	for range 2 {
		if err := l.begin(time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := l.begin(time.Minute); err == nil {
			t.Error("busy twice: no error")
		}
		written := func() bool {
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != labourers {
				t.Fatalf("files %v, %v", files, err)
			}
			for _, f := range files {
				if info, err := f.Info(); err != nil || info.Size() == 0 {
					return false
				}
			}
			return true
		}
		for begin := time.Now(); !written(); {
			if time.Since(begin) > 30*time.Second {
				t.Fatal("the files stay empty")
			}
		}
		if err := l.rest(); err != nil {
			t.Fatal(err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
			t.Errorf("left behind: %v, %v", files, err)
		}
	}
	if err := l.rest(); err == nil {
		t.Error("rests twice: no error")
	}
	l.dir = dir + "/none"
	if err := l.begin(time.Minute); err == nil || l.stop != nil {
		t.Errorf("no directory: %v", err)
	}
}

func TestCommands(t *testing.T) {
	o := Options{File: t.TempDir(), Lifetime: time.Minute}
	var out bytes.Buffer
	if err := o.commands(strings.NewReader("busy\nrest\nstats\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || lines[0] != "{}" || !strings.Contains(lines[2], "received_bytes") {
		t.Errorf("answers %q", lines)
	}
	for _, bad := range []string{"rest\n", "busy\nbusy\n", "dance\n"} {
		if err := o.commands(strings.NewReader(bad), io.Discard); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestSpinEndsWithItsInput(t *testing.T) {
	in, parent := io.Pipe()
	hello, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Spin(time.Minute, in, out) }()
	var h Hello
	if err := json.NewDecoder(hello).Decode(&h); err != nil || h.PID != os.Getpid() {
		t.Errorf("%+v, %v", h, err)
	}
	_ = parent.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it spins on")
	}
	in, parent = io.Pipe()
	defer parent.Close()
	if err := Spin(time.Millisecond, in, io.Discard); err == nil {
		t.Error("its time is over: no error")
	}
}
