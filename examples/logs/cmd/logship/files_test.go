package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSeveralFiles: files and patterns beside each other, new files found, rotated
// and compressed ones passed over, and each gone on with after a restart.
func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	state := filepath.Join(t.TempDir(), "state")
	r := newReceiver(t, protoRELP, nil).start()
	args := []string{"-to", r.addr(), "-state", state, "-file", at("one") + "," + at("web*.log*"), "-file", at("app*"), "-rescan=10ms"}
	appendTo(t, at("one"), "one 1\n")
	appendTo(t, at("web.log"), "web 1\n")
	appendTo(t, at("web.log.1"), "rotated before\n")
	age(t, at("web.log.1"), time.Hour)
	appendTo(t, at("web.log.2.gz"), "compressed\n")
	l := begin(t, nil, args...)
	r.waitGot(2)
	appendTo(t, at("app.log"), "app 1\n")
	appendTo(t, at("app-2.log"), "app-2 1\n")
	r.waitGot(4)
	rename(t, at("app.log"), at("app-2026-11-06T10-00-00.000.log"))
	rename(t, at("app-2.log"), at("app, put aside")) // which the pattern finds, too
	appendTo(t, at("app.log"), "app 2\n")
	appendTo(t, at("app-2.log"), "app-2 2\n")
	r.waitGot(6)
	waitFor(t, "what is passed over", func() bool {
		return strings.Contains(l.stderr.String(), "web.log.2.gz") && strings.Contains(l.stderr.String(), "10-00-00")
	})
	if err := os.Symlink("app.log", at("app.current")); err != nil {
		t.Fatal(err)
	}
	l.terminate()
	rename(t, at("web.log"), at("web.log.3"))
	appendTo(t, at("web.log.3"), "web 2\n") // while there is no web.log
	appendTo(t, at("app.log"), "app 3\n")
	appendTo(t, at("one"), "one 2\n")
	l = begin(t, nil, args...)
	r.waitGot(9)
	appendTo(t, at("app.log"), "app 4\n")
	r.waitGot(10)
	l.terminate()
	if all := r.all(); len(all) != 10 || strings.Contains(strings.Join(all, ""), "rotated") {
		t.Errorf("%q", all)
	}
}

// TestFromEndOfSeveral: files that come later are read from their beginning.
func TestFromEndOfSeveral(t *testing.T) {
	dir := t.TempDir()
	i := newInspect(t, "-file", filepath.Join(dir, "*.log"), "-from-end")
	appendTo(t, filepath.Join(dir, "a.log"), "old\n")
	i.steps()
	appendTo(t, filepath.Join(dir, "a.log"), "new\n")
	i.steps()
	appendTo(t, filepath.Join(dir, "b.log"), "b\n")
	i.steps()
	i.want("new", "b")
	// What is removed is forgotten, and its place on the disk is free.
	if err := os.Remove(filepath.Join(dir, "b.log")); err != nil {
		t.Fatal(err)
	}
	i.now = i.now.Add(2 * i.cfg.rotateWait)
	i.steps()
	i.now = i.now.Add(2 * i.cfg.rotateWait)
	i.steps()
	if n := len(i.tails); n != 1 || len(i.tracks.list) != 1 {
		t.Errorf("%d files are read, %d known", n, len(i.tracks.list))
	}
}

// TestNoMatches: a pattern that finds nothing is an error if nothing is waited for.
func TestNoMatches(t *testing.T) {
	l := begin(t, nil, "-to=127.0.0.1:1", "-file", filepath.Join(t.TempDir(), "*.log"), "-follow=false")
	if code := l.code(); code != 1 || !strings.Contains(l.stderr.String(), "want a pattern of files that are there") {
		t.Errorf("%d: %s", code, l.stderr.String())
	}
}
