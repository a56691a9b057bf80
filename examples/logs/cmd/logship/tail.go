package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// tail reads what is at one path: a file, what is appended to it, and the files
// that take its place. It belongs to the reader's goroutine. Its files go
//
//	todo -> cur -> late -> closed
//
// and each is read to its end as cur before the next one is: todo has, oldest
// first, rotated files that were never seen and the one at the path; late has
// those that were replaced and may still get lines.
type tail struct {
	r       *reader
	path    string
	matched bool // found by a pattern: it goes when its file does
	fromEnd bool // begin at the end

	begun bool
	todo  []pending
	cur   *generation // nil: none is there
	late  []*generation
	// asOf is when cur, or the last one, had been written to last when it was
	// seen at path; zero if there was none.
	asOf  time.Time
	dirs  time.Time // when the places of rotated files had changed last
	ended bool      // all is read and it is not to be followed

	wake  time.Time     // when the next step is due
	pause time.Duration // after the last error; 0: none
	said  string        // the last error
	err   error         // why it has ended
}

// pending is a file that is to be read from an offset on.
type pending struct {
	f      *os.File
	offset int64
	asOf   time.Time // when it had been written to last
	size   int64     // when it was found
}

// step does a piece of work. It returns false if there was none.
func (t *tail) step(now time.Time) bool {
	before := t.cur
	busy, err := t.advance(now)
	settled := err == nil && (!busy || t.cur != before) // it did more than to read on
	lateBusy, lateErr := t.readLate(now)
	busy = busy || lateBusy
	if err = errors.Join(err, lateErr); err != nil {
		t.trouble(now, err)
		return false
	}
	if t.said != "" && settled {
		t.r.log.Info("going on", "file", t.path)
		t.said, t.pause = "", 0
	}
	if !busy {
		t.wake = now.Add(t.r.cfg.poll)
	}
	return busy
}

// maxTrouble is the longest pause after an error.
const maxTrouble = 10 * time.Second

// trouble has the step that failed tried again later, and says once why. The open
// files stay open.
func (t *tail) trouble(now time.Time, err error) {
	if !t.r.cfg.follow {
		t.err, t.ended = err, true
		return
	}
	t.pause = min(max(2*t.pause, t.r.cfg.poll), maxTrouble)
	t.wake = now.Add(t.pause)
	if t.said != err.Error() {
		t.said = err.Error()
		t.r.log.Warn("a file cannot be read: it is tried again", "file", t.path, "error", err)
	}
}

// advance reads from the present file, or finds the next one.
func (t *tail) advance(now time.Time) (busy bool, err error) {
	switch {
	case t.ended:
		return false, nil
	case !t.begun:
		if err := t.begin(now); err != nil {
			return false, err
		}
		t.begun = true
		return true, nil
	case t.cur == nil:
		return t.open()
	}
	n, err := t.read(t.cur)
	if n > 0 || err != nil {
		return n > 0, err
	}
	return t.atEnd(now)
}

// read reads a piece of a file and passes on its lines. n is 0 at its end.
func (t *tail) read(g *generation) (n int, err error) {
	out, n, changed, err := g.read(t.r.buf)
	if err != nil {
		return 0, err
	}
	t.r.deliver(g, out)
	if changed && g == t.cur {
		return n, t.startOver()
	}
	return n, nil
}

// open begins with the next file.
func (t *tail) open() (busy bool, err error) {
	if len(t.todo) == 0 {
		if t.todo, err = t.upcoming(); err != nil {
			return false, err
		}
	}
	if len(t.todo) == 0 {
		if !t.r.cfg.follow {
			return false, &fs.PathError{Op: "open", Path: t.path, Err: fs.ErrNotExist}
		}
		return false, nil
	}
	next := t.todo[0]
	t.cur, err = t.r.openGeneration(t.path, next.f, nil, next.offset, next.asOf)
	if err == nil {
		t.todo, t.asOf = t.todo[1:], next.asOf
		t.cur.size = max(t.cur.size, next.size)
	}
	return err == nil, err
}

// atEnd is at the end of the present file for now: it finds out what comes next.
func (t *tail) atEnd(now time.Time) (busy bool, err error) {
	mine, err := t.cur.f.Stat()
	if err != nil {
		return false, err
	}
	if t.cur.lines.offset() == 0 && mine.Size() < t.cur.size {
		return t.missed(mine.Size())
	}
	if whole, err := t.cur.untouched(mine); err != nil {
		return false, err
	} else if !whole {
		return true, t.startOver()
	}
	if len(t.todo) > 0 {
		t.leave(now)
		return true, nil
	}
	there, err := os.Stat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// It waits for a new file. One that was removed takes room on the disk
		// until then, and of those that a pattern finds there are always new ones.
		if t.matched && unlinked(mine) && now.Sub(mine.ModTime()) > t.r.cfg.rotateWait && t.r.cfg.follow {
			t.leave(now)
		}
		if busy, err := t.between(); busy || err != nil {
			return busy, err
		}
	case err != nil:
		return false, err
	case os.SameFile(mine, there):
		t.asOf = mine.ModTime()
		t.r.tracks.seen(t.cur.track, t.asOf)
	case there.Size() > 0:
		// What was written to the present one before this one was there is read
		// before: todo is looked at when nothing more comes.
		t.todo, err = t.upcoming()
		return err == nil && len(t.todo) > 0, err
	default:
		if busy, err := t.between(); busy || err != nil {
			return busy, err
		}
	}
	t.rest()
	return false, nil
}

// missed looks for the copy of a file that was truncated before any of it was
// read: it was passed over as the copy of what was there.
func (t *tail) missed(size int64) (busy bool, err error) {
	found, err := t.since(t.asOf, nil)
	if err != nil {
		return false, err
	}
	t.cur.size = size
	if len(found) == 0 {
		return true, nil
	}
	t.todo = slices.Concat(found, []pending{{f: t.cur.f, asOf: t.asOf}}, t.todo)
	t.r.tracks.close(t.cur.track)
	t.cur = nil
	return true, nil
}

// between looks for rotated files that were never seen while there is nothing at
// the path, whenever names have changed.
func (t *tail) between() (busy bool, err error) {
	if t.asOf.IsZero() {
		return false, nil
	}
	var latest time.Time
	for _, dir := range placesOf(t.path).dirs {
		if info, err := os.Stat(dir); err == nil && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	if latest.Equal(t.dirs) {
		return false, nil
	}
	if t.todo, err = t.since(t.asOf, nil); err != nil {
		return false, err
	}
	t.dirs = latest
	return len(t.todo) > 0, nil
}

// rest waits for more of the present file, or ends with it.
func (t *tail) rest() {
	switch {
	case t.cur == nil:
	case t.r.cfg.follow:
		t.cur.rested = true
	default:
		t.r.deliver(t.cur, t.cur.lines.last())
		t.ended = true
	}
}

// leave is done with the present file but for late lines.
func (t *tail) leave(now time.Time) {
	t.cur.until, t.cur.rested = now.Add(t.r.cfg.rotateWait), true
	if !t.r.cfg.follow {
		t.cur.until = now
	}
	t.late, t.cur = append(t.late, t.cur), nil
}

// readLate reads what comes late, and closes the files whose time is over.
func (t *tail) readLate(now time.Time) (busy bool, err error) {
	for i := 0; i < len(t.late); {
		g := t.late[i]
		n, err := t.read(g)
		if err != nil {
			return busy, err
		}
		if n > 0 && g.rested { // it has changed under us: it is another file's
			n = 0
		}
		busy, g.rested = busy || n > 0, g.rested || n == 0
		if n > 0 || now.Before(g.until) {
			i++
			continue
		}
		t.late = slices.Delete(t.late, i, i+1)
		t.r.deliver(g, g.lines.last())
		t.r.tracks.close(g.track)
		if err := g.f.Close(); err != nil {
			return busy, err
		}
	}
	return busy, nil
}

// startOver goes on in a file that was truncated, after what a copy of it has that
// was not read.
func (t *tail) startOver() error {
	g := t.cur
	rest, err := t.copyOf(g)
	if err != nil {
		return err
	}
	t.r.log.Warn("the file was truncated: going on at its beginning", "file", t.path)
	next := []pending{{f: g.f, asOf: t.asOf}}
	if rest != nil {
		t.r.log.Info("reading the rest from a copy", "file", rest.f.Name(), "offset", rest.offset)
		next = []pending{*rest, next[0]}
	} else {
		t.r.deliver(g, g.lines.last())
	}
	t.todo, t.cur = append(next, t.todo...), nil
	_, err = t.open()
	t.r.tracks.close(g.track)
	return err
}

// gone reports whether there is nothing any more that could be read here.
func (t *tail) gone() bool {
	if !t.begun || t.cur != nil || len(t.late)+len(t.todo) > 0 {
		return false
	}
	_, err := os.Lstat(t.path)
	return errors.Is(err, fs.ErrNotExist)
}

// close closes all files.
func (t *tail) close() (err error) {
	if t.cur != nil {
		err = t.cur.f.Close()
	}
	for _, g := range t.late {
		err = errors.Join(err, g.f.Close())
	}
	return errors.Join(err, closeAll(t.todo))
}

func closeAll(files []pending) (err error) {
	for _, p := range files {
		err = errors.Join(err, p.f.Close())
	}
	return err
}
