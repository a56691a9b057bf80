package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inspect is a reader that a test has take its steps.
type inspect struct {
	*reader
	t    *testing.T
	out  chan batch
	said syncBuffer
	now  time.Time
}

func newInspect(t *testing.T, args ...string) *inspect {
	t.Helper()
	cfg, err := parseConfig(append([]string{"-to=127.0.0.1:1", "-format=raw", "-poll=1ms"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	i := &inspect{t: t, out: make(chan batch, 1000), now: time.Now()}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(&i.said), nil))
	i.reader = newReader(cfg, newTracks(nil), new(progress), log, i.out)
	if err := i.addFiles(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.close() })
	return i
}

// steps lets time pass until there is nothing to do for a while.
func (i *inspect) steps() {
	i.t.Helper()
	for n, idle := 0, 0; idle < 6; n++ {
		if n > 10000 {
			i.t.Fatal("it does not come to rest")
		}
		i.now = i.now.Add(i.cfg.poll)
		i.addMatches()
		if busy, _ := i.round(i.now); !busy {
			idle++
		}
	}
}

// want fails if other lines than these have come since the last want.
func (i *inspect) want(want ...string) {
	i.t.Helper()
	var got []string
	for len(i.out) > 0 {
		for _, l := range (<-i.out).lines {
			got = append(got, string(l.msg))
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		i.t.Errorf("got %.500q, want %.500q; said: %s", got, want, i.said.String())
	}
}

// TestLateLines: a file that was renamed is read for -rotate-wait after the new
// one is there, and its last line is waited for; then it is closed.
func TestLateLines(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	appendTo(t, file, "a1\na2, which is ")
	i.steps()
	rename(t, file, file+".1")
	appendTo(t, file+".1", "late\na3\n")
	appendTo(t, file, "b1\n")
	i.steps()
	i.want("a1", "a2, which is late", "a3", "b1")
	appendTo(t, file+".1", "a4\nhalf")
	appendTo(t, file, "b2\n")
	i.steps()
	i.want("b2", "a4")
	i.now = i.now.Add(4 * time.Second)
	appendTo(t, file+".1", " and half\n")
	i.steps()
	i.want("half and half")
	appendTo(t, file+".1", "end")
	i.now = i.now.Add(2 * time.Second)
	i.steps()
	i.want("end")
	if n := len(i.tails[0].late); n != 0 {
		t.Errorf("%d files are still open", n)
	}
	appendTo(t, file+".1", "too late\n")
	i.steps()
	i.want()
}

// TestUnreadable: a new file that may not be read yet is said once and tried
// again, less and less often, while the old one is read on; nothing is lost if it
// is rotated away meanwhile.
func TestUnreadable(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	appendTo(t, file, "a1\n")
	i.steps()
	opened, barred := 0, true
	i.open = func(path string) (*os.File, error) {
		if opened++; barred {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return os.Open(path)
	}
	rename(t, file, file+".1")
	appendTo(t, file, "b1\n")
	i.steps()
	opened = 0
	for range 2000 {
		i.now = i.now.Add(i.cfg.poll)
		i.round(i.now)
	}
	if opened < 3 || opened > 30 {
		t.Errorf("opened %d times in 2000 polls", opened)
	}
	appendTo(t, file+".1", "a2\n")
	i.now = i.now.Add(maxTrouble)
	i.steps()
	i.want("a1", "a2")
	rename(t, file, file+".0")
	appendTo(t, file, "c1\n")
	barred = false
	i.now = i.now.Add(maxTrouble)
	i.steps()
	i.want("b1", "c1")
	if n := strings.Count(i.said.String(), "permission denied"); n != 1 {
		t.Errorf("it is said %d times: %s", n, i.said.String())
	}
	if !strings.Contains(i.said.String(), "going on") {
		t.Errorf("that it goes on is not said: %s", i.said.String())
	}
}

// TestTruncationUnseen: a file that was truncated, and is longer than before when
// it is looked at again; also one that begins as before.
func TestTruncationUnseen(t *testing.T) {
	banner := strings.Repeat("the same banner ", 20)
	for _, first := range []string{"old", banner} {
		file, _ := logFile(t)
		i := newInspect(t, "-file", file)
		appendTo(t, file, first+"\nold 1\n")
		i.steps()
		appendTo(t, file, "old 2\n") // is no truncation
		i.steps()
		i.want(first, "old 1", "old 2")
		second := strings.Replace(first, "old", "new", 1)
		if err := os.WriteFile(file, []byte(second+"\nnew 1\nnew 2\nnew 3\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		i.steps()
		i.want(second, "new 1", "new 2", "new 3")
		if n := strings.Count(i.said.String(), "truncated"); n != 1 {
			t.Errorf("it is said %d times: %s", n, i.said.String())
		}
	}
}

// TestHole: a program that does not append leaves a hole of NULs when its file is
// truncated. It is no data, is not read byte by byte, and hides no truncation.
func TestHole(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(s string) {
		t.Helper()
		if _, err := f.WriteString(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Seek(1<<40, io.SeekStart); err != nil { // 1 TiB: to read that takes hours
		t.Fatal(err)
	}
	write("a1\n")
	i.steps()
	i.want("a1")
	for range 3 {
		if err := f.Truncate(0); err != nil {
			t.Fatal(err)
		}
		write("b1\nb2\n")
		i.steps()
		i.want("b1", "b2")
		write("b3\n")
		i.steps()
		i.want("b3")
	}
}

// TestPreallocated: a file that was given its size before its content.
func TestPreallocated(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"a", "b", "c"} {
		i.steps()
		if _, err := f.WriteString(s + "\n"); err != nil {
			t.Fatal(err)
		}
		i.steps()
		i.want(s)
	}
}

// TestCopyTruncate: what a copy has that was not read before the truncation is
// read from it, once.
func TestCopyTruncate(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	appendTo(t, file, "a1\na2\nha")
	i.steps()
	i.want("a1", "a2")
	appendTo(t, file, "lf\na3\n")
	copyFile(t, file, file+".1")
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	appendTo(t, file, "b1\n")
	i.steps()
	i.want("half", "a3", "b1")
	copyFile(t, file, file+".2")
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	i.steps()
	rename(t, file, file+".3")
	appendTo(t, file, "c1\n")
	i.steps()
	i.want("c1")
}

// TestTruncatedUnread: a file that is copied and truncated after it was found and
// before any of it was read.
func TestTruncatedUnread(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	appendTo(t, file, "a1\n")
	i.steps()
	long := strings.Repeat("b", copySize)
	rename(t, file, file+".1")
	appendTo(t, file, long+"\n")
	copyFile(t, file, file+".0")
	tail := i.tails[0]
	for n := 0; tail.cur == nil || tail.cur.lines.offset() > 0; n++ {
		if n > 1000 {
			t.Fatal("the new file is not opened")
		}
		i.now = i.now.Add(i.cfg.poll)
		i.round(i.now)
	}
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	i.steps()
	appendTo(t, file, "c1\n")
	i.steps()
	i.want("a1", long, "c1")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRenamedBack: a file that comes back to its name goes on where it was.
func TestRenamedBack(t *testing.T) {
	file, _ := logFile(t)
	i := newInspect(t, "-file", file)
	appendTo(t, file, "a1\n")
	i.steps()
	rename(t, file, file+".1")
	appendTo(t, file, "b1\n")
	i.steps()
	rename(t, file, file+".2")
	rename(t, file+".1", file)
	appendTo(t, file, "a2\n")
	i.steps()
	appendTo(t, file, "a3\n")
	i.steps()
	i.want("a1", "b1", "a2", "a3")
}

// TestLinkMoves: the files that a symbolic link points to one after the other.
func TestLinkMoves(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "current")
	point := func(name string) {
		t.Helper()
		if err := os.Symlink(name, link+".new"); err != nil {
			t.Fatal(err)
		}
		rename(t, link+".new", link)
	}
	i := newInspect(t, "-file", link)
	appendTo(t, filepath.Join(dir, "app-0.out"), "before\n")
	age(t, filepath.Join(dir, "app-0.out"), time.Hour)
	appendTo(t, filepath.Join(dir, "app-1.out"), "a1\n")
	point("app-1.out")
	i.steps()
	appendTo(t, filepath.Join(dir, "app-1.out"), "a2\n")
	appendTo(t, filepath.Join(dir, "app-2.out"), "b1\n")
	point("app-2.out")
	appendTo(t, filepath.Join(dir, "app-3.out"), "c1\n")
	point("app-3.out")
	i.steps()
	i.want("a1", "a2", "b1", "c1")
}
