package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFollow: what is appended comes, half lines when they are whole.
func TestFollow(t *testing.T) {
	forProtos(t, func(t *testing.T, proto string) {
		file, state := logFile(t)
		r := newReceiver(t, proto, nil).start()
		l := begin(t, nil, "-to", r.addr(), "-proto", proto, "-file", file, "-state", state) // which is not there yet
		want := numbered(0, 5000)
		for i := 0; i < len(want); i += 100 {
			s := text(want[i : i+100])
			appendTo(t, file, s[:len(s)-7])
			if i%1000 == 0 {
				r.waitGot(i + 99)
			}
			appendTo(t, file, s[len(s)-7:])
		}
		r.waitGot(len(want))
		appendTo(t, file, "half a line")
		l.terminate()
		r.want(want)
		appendTo(t, file, ", and its end\n")
		begin(t, nil, "-to", r.addr(), "-proto", proto, "-file", file, "-state", state, "-follow=false").wait()
		r.want(append(want, "half a line, and its end"))
	})
}

// TestRotation: renamed files are read to their end, also what comes after the
// rename.
func TestRotation(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", state)
	want := numbered(0, 1000)
	for i := range 5 {
		lines := want[200*i : 200*i+200]
		appendTo(t, file, text(lines[:100]))
		if i%2 == 0 {
			r.waitGot(200*i + 100)
		}
		rename(t, file, file+"."+string(rune('1'+i)))
		appendTo(t, file+"."+string(rune('1'+i)), text(lines[100:]))
		if i%2 == 0 {
			r.waitGot(200*i + 200) // from a file that has no successor yet
		}
	}
	appendTo(t, file, "last\n")
	r.waitGot(1001)
	l.terminate()
	r.want(append(want, "last"))
}

// TestShiftingRotation: the way of logrotate, in which all files change their
// names, while lines are written as fast as they can be.
func TestShiftingRotation(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-poll=1ms")
	const files = 40
	want := numbered(0, 50*files)
	name := func(n int) string { return fmt.Sprintf("%s.%d", file, n) }
	for i := range files {
		appendTo(t, file, text(want[50*i:50*i+50]))
		if i%3 == 0 {
			r.waitGot(50*i + 50)
		}
		for n := i; n > 0; n-- {
			rename(t, name(n), name(n+1))
		}
		rename(t, file, name(1))
	}
	appendTo(t, file, "last\n")
	r.waitGot(len(want) + 1)
	l.terminate()
	r.want(append(want, "last"))
}

// TestTruncation: a file that is copied away and truncated goes on at its
// beginning.
func TestTruncation(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", state)
	want := numbered(0, 300)
	appendTo(t, file, text(want[:200])+"cut off")
	r.waitGot(200)
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the truncation to be seen", func() bool { return strings.Contains(l.stderr.String(), "truncated") })
	appendTo(t, file, text(want[200:]))
	r.waitGot(301)
	l.terminate()
	r.want(append(append(append([]string{}, want[:200]...), "cut off"), want[200:]...))
}

// TestTruncationUnseen: a file that was truncated, and is longer than before when
// it is looked at again.
func TestTruncationUnseen(t *testing.T) {
	file, _ := logFile(t)
	var said bytes.Buffer
	cfg := &config{file: file, follow: true, poll: time.Nanosecond, maxLine: 512, format: formatRaw}
	f := newFollower(cfg, nil, new(progress), slog.New(slog.NewTextHandler(&said, nil)))
	defer func() { _ = f.close() }()
	out := make(chan batch, 100)
	step := func(again int) {
		t.Helper()
		for range again {
			n, err := f.read(out)
			if err == nil && n == 0 {
				_, err = f.atEnd(t.Context(), out)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	appendTo(t, file, "old 1\nold 2\n")
	if opened, err := f.next(); err != nil || !opened {
		t.Fatal(opened, err)
	}
	step(3)
	appendTo(t, file, "old 3\n") // is no truncation
	step(3)
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	want := []string{"old 1", "old 2", "old 3"}
	for i := range 10 {
		want = append(want, fmt.Sprint("new ", i))
		appendTo(t, file, want[len(want)-1]+"\n")
	}
	step(4)
	close(out)
	var got []string
	for b := range out {
		for _, l := range b.lines {
			got = append(got, string(l.msg))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := strings.Count(said.String(), "truncated"); n != 1 {
		t.Errorf("it is said %d times: %s", n, said.String())
	}
}

// TestRestart: a file that was rotated, more than once, while no logship ran.
func TestRestart(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	want := numbered(0, 400)
	args := []string{"-to", r.addr(), "-file", file, "-state", state, "-follow=false"}
	appendTo(t, file, text(want[:50]))
	begin(t, nil, args...).wait()
	r.want(want[:50])

	appendTo(t, file, text(want[50:100]))
	begin(t, nil, args...).wait()
	r.want(want[:100])

	appendTo(t, file, text(want[100:200]))
	age(t, file, 2*time.Hour)
	rename(t, file, file+".2")
	appendTo(t, file, text(want[200:300]))
	age(t, file, time.Hour)
	rename(t, file, file+".1")
	appendTo(t, file+".3.gz", "compressed\n")
	appendTo(t, file+".lock", "not a log\n")
	appendTo(t, file+".0", "older than ours\n")
	age(t, file+".0", 3*time.Hour)
	appendTo(t, file, text(want[300:]))
	begin(t, nil, args...).wait()
	r.want(want)

	// Nothing is new: nothing comes again.
	r.mu.Lock()
	r.msgs = nil
	r.mu.Unlock()
	begin(t, nil, args...).wait()
	r.want(nil)
}

// age makes a file look as if it was written to that long ago.
func age(t *testing.T, path string, d time.Duration) {
	t.Helper()
	then := time.Now().Add(-d)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherFile: a file with the old name, and perhaps the old inode, that
// begins in another way is another file.
func TestAnotherFile(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	args := []string{"-to", r.addr(), "-file", file, "-state", state, "-follow=false"}
	appendTo(t, file, "old\n")
	begin(t, nil, args...).wait()
	if err := os.Truncate(file, 0); err != nil { // the same inode
		t.Fatal(err)
	}
	appendTo(t, file, "new, and longer than the old\n")
	l := begin(t, nil, args...)
	l.wait()
	r.want([]string{"old", "new, and longer than the old"})
	if !strings.Contains(l.stderr.String(), "not there any more") {
		t.Errorf("nothing is said: %s", l.stderr.String())
	}
}

func TestFromEnd(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	appendTo(t, file, "old\n")
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-from-end")
	// It has begun when it has looked at the size.
	appendTo(t, file, "new 1\n")
	waitFor(t, "a line", func() bool {
		if len(r.got()) > 0 {
			return true
		}
		appendTo(t, file, "new 2\n")
		return false
	})
	l.terminate()
	for _, m := range r.got() {
		if m == "old" {
			t.Error("what was there before came")
		}
	}
}

// TestDamagedState: a position that cannot be one stops it before anything is
// sent.
func TestDamagedState(t *testing.T) {
	file, state := logFile(t)
	appendTo(t, file, "a\n")
	for _, s := range []string{"", "{", `{"offset": -1}`, `{"offset": 1, "head_size": 1000}`} {
		if err := os.WriteFile(state, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		l := begin(t, nil, "-to", "127.0.0.1:1", "-file", file, "-state", state)
		if code := l.code(); code != 1 || !strings.Contains(l.stderr.String(), "does not hold a position") {
			t.Errorf("%q: exit code %d: %s", s, code, l.stderr.String())
		}
	}
}

// TestUnsaved: a position that cannot be saved is said, at the end with an error.
func TestUnsaved(t *testing.T) {
	file, _ := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	appendTo(t, file, "a\n")
	l := begin(t, nil, "-to", r.addr(), "-file", file, "-state", filepath.Join(t.TempDir(), "nowhere", "pos"), "-follow=false")
	if code := l.code(); code != 1 {
		t.Errorf("exit code %d: %s", code, l.stderr.String())
	}
	r.want([]string{"a"})
}

// TestState: the position is the one after the last acknowledged line, and no
// other file is left behind.
func TestState(t *testing.T) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	want := numbered(0, 1000)
	appendTo(t, file, text(want))
	begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-follow=false").wait()
	b, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	var p position
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	if p.Offset != int64(len(text(want))) || p.Path != file || p.HeadSize != headSize {
		t.Errorf("%s", b)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestLines: headers, long lines in pieces, and where each piece ends.
func TestLines(t *testing.T) {
	l := newLines(&config{maxLine: 512, format: formatAuto, file: "/var/log/my app"}, new(progress))
	l.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) }
	l.host = "h"
	long := strings.Repeat("y", 1000)
	in := "plain\r\n\n<34>Oct 11 22:14:15 su: x\n<192>not a priority\n<1234>neither\n" + long + "\nrest"
	const header = "<13>1 2026-01-02T03:04:05.000006Z h my_app - - - "
	room := 512 - len(header)
	end := int64(strings.Index(in, long))
	want := []line{
		{[]byte(header + "plain"), 7}, {[]byte("<34>Oct 11 22:14:15 su: x"), 34},
		{[]byte(header + "<192>not a priority"), 54}, {[]byte(header + "<1234>neither"), 68},
		{[]byte(header + long[:room]), end}, {[]byte(header + long[:room]), end}, {[]byte(header + long[2*room:]), end + 1001},
		{[]byte(header + "rest"), end + 1005},
	}
	for size := 1; size <= len(in); size++ {
		l.seek(0)
		var got []line
		for rest := in; rest != ""; {
			n := min(size, len(rest))
			got = append(got, l.feed([]byte(rest[:n]))...)
			rest = rest[n:]
		}
		got = append(got, l.last()...)
		if len(got) != len(want) {
			t.Fatalf("pieces of %d: %d messages", size, len(got))
		}
		for i := range got {
			if string(got[i].msg) != string(want[i].msg) || got[i].end != want[i].end {
				t.Fatalf("pieces of %d: %q ends at %d; want %q, %d", size, got[i].msg, got[i].end, want[i].msg, want[i].end)
			}
		}
	}
	if n := l.p.cut.Load(); n != int64(len(in)) {
		t.Errorf("%d long lines counted in %d runs", n, len(in))
	}
}
