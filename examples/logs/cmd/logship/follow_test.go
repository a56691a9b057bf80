package main

import (
	"fmt"
	"os"
	"path/filepath"
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
	for _, s := range []string{"", "{", `{"offset": -1}`, `{"offset": 1, "head_size": 1000}`,
		`{"version": 3}`, `{"version": 2, "files": [{"offset": 1}]}`, `{"version": 2, "files": [{"path": "/x", "last_size": 9}]}`} {
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
	s := stateOf(t, state)
	if len(s.Files) != 1 || s.Version != stateVersion {
		t.Fatalf("%+v", s)
	}
	p := s.Files[0]
	if p.Offset != int64(len(text(want))) || p.Path != file || p.HeadSize != headSize || p.LastSize == 0 || p.Trail != 1 {
		t.Errorf("%+v", p)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// stateOf reads a state.
func stateOf(t *testing.T, path string) *state {
	t.Helper()
	s, err := loadState(path)
	if err != nil || s == nil {
		t.Fatal(s, err)
	}
	return s
}
