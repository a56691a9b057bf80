package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// once ships what there is with -follow=false.
func once(t *testing.T, r *receiver, file, state string) *running {
	t.Helper()
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-follow=false", "-progress=0")
	l.wait()
	return l
}

// TestDeviceRenumbered: after a restart of the machine, or of a mount, devices
// have other numbers: the file is the same.
func TestDeviceRenumbered(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	want := numbered(0, 100)
	appendTo(t, file, text(want[:50]))
	once(t, r, file, state)
	s := stateOf(t, state)
	s.Files[0].Device += 77
	if err := saveState(state, s.Files); err != nil {
		t.Fatal(err)
	}
	appendTo(t, file, text(want[50:]))
	l := once(t, r, file, state)
	r.wantOnce(want)
	if strings.Contains(l.stderr.String(), "ERROR") {
		t.Error(l.stderr.String())
	}
}

// TestOldState: the state of the first version is gone on with.
func TestOldState(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	want := numbered(0, 100)
	appendTo(t, file, text(want[:50]))
	once(t, r, file, state)
	p := stateOf(t, state).Files[0]
	old := `{"device": ` + itoa(p.Device) + `, "inode": ` + itoa(p.Inode) + `, "head": "` + p.Head + `", "head_size": ` + itoa(uint64(p.HeadSize)) +
		`, "path": "elsewhere/app.log", "offset": ` + itoa(uint64(p.Offset)) + `, "time": "2026-11-06T10:00:00Z"}`
	if err := os.WriteFile(state, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	appendTo(t, file, text(want[50:]))
	once(t, r, file, state)
	r.wantOnce(want)
}

// TestCopyTruncateWhileDown: the copy is known by its content: nothing comes
// twice, and what was not shipped comes from it.
func TestCopyTruncateWhileDown(t *testing.T) {
	for _, more := range []bool{false, true} {
		for _, size := range []int{1, 100} {
			file, state := logFile(t)
			r := newReceiver(t, protoRELP, nil).start()
			want := numbered(0, 3*size)
			appendTo(t, file, text(want[:size]))
			once(t, r, file, state)
			r.want(want[:size])
			if more {
				appendTo(t, file, text(want[size:2*size]))
			} else {
				want = append(want[:size:size], want[2*size:]...)
			}
			copyFile(t, file, file+".1")
			if err := os.Truncate(file, 0); err != nil {
				t.Fatal(err)
			}
			appendTo(t, file, text(want[len(want)-size:]))
			once(t, r, file, state)
			r.wantOnce(want)
			once(t, r, file, state)
			r.wantOnce(want)
		}
	}
}

// TestRotatedWhileDown: several rotations while no logship ran, by all forms of
// names; compressed files are said to be passed over.
func TestRotatedWhileDown(t *testing.T) {
	for form, names := range map[string][2]string{
		"numbers":    {"app.log.2", "app.log.1"},
		"dates":      {"app.log-20261105", "app.log-20261106"},
		"extension":  {"app.2.log", "app.1.log"},
		"lumberjack": {"app-2026-11-06T10-00-00.000.log", "app-2026-11-06T11-00-00.000.log"},
		"any name":   {"moved away", "app.log.1"},
	} {
		t.Run(form, func(t *testing.T) {
			file, state := logFile(t)
			dir := filepath.Dir(file)
			r := newReceiver(t, protoRELP, nil).start()
			want := numbered(0, 400)
			appendTo(t, filepath.Join(dir, "app-2.log"), "of another log\n")
			appendTo(t, file, text(want[:100]))
			once(t, r, file, state)
			appendTo(t, file, text(want[100:200]))
			rename(t, file, filepath.Join(dir, names[0]))
			appendTo(t, file, text(want[200:300]))
			rename(t, file, filepath.Join(dir, names[1]))
			appendTo(t, file, text(want[300:]))
			appendTo(t, filepath.Join(dir, names[1]+".gz"), "compressed\n")
			l := once(t, r, file, state)
			r.wantOnce(want)
			once(t, r, file, state)
			r.wantOnce(want)
			if !strings.Contains(l.stderr.String(), "it is compressed") {
				t.Errorf("that a file is passed over is not said: %s", l.stderr.String())
			}
		})
	}
}

// TestPiecesRestart: a line that does not end is gone on with where it was.
func TestPiecesRestart(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	args := []string{"-to", r.addr(), "-file", file, "-state", state, "-format=raw", "-max-line=512"}
	appendTo(t, file, strings.Repeat("a", 512)+strings.Repeat("b", 512)+"c")
	l := begin(t, nil, args...)
	r.waitGot(1)
	l.terminate()
	n := len(r.got())
	appendTo(t, file, strings.Repeat("c", 300)+"\n")
	begin(t, nil, append(args, "-follow=false")...).wait()
	r.wantOnce([]string{strings.Repeat("a", 512), strings.Repeat("b", 512), strings.Repeat("c", 301)})
	if n == 3 {
		t.Error("the end came before it was written")
	}
}

// TestLateWhileDown: late lines to a file that was replaced, and read to its end,
// before logship stopped.
func TestLateWhileDown(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	args := []string{"-to", r.addr(), "-file", file, "-state", state, "-rotate-wait=1m"}
	appendTo(t, file, "a1\n")
	l := begin(t, nil, args...)
	r.waitGot(1)
	rename(t, file, file+".1")
	appendTo(t, file, "b1\n")
	r.waitGot(2)
	l.terminate()
	appendTo(t, file+".1", "a2\n")
	once(t, r, file, state)
	r.waitGot(3)
	if n := len(r.all()); n != 3 {
		t.Errorf("%q", r.all())
	}
	// Now it is done with: it is known, and later lines are of no interest.
	rename(t, file, file+".0")
	appendTo(t, file, "c1\n")
	age(t, file+".1", -time.Second)
	once(t, r, file, state)
	if got := strings.Join(r.all()[3:], " "); got != "c1" {
		t.Errorf("then %q", got)
	}
}
