package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"
)

// follower reads a file, what is appended to it, and the files that take its
// place.
type follower struct {
	cfg   *config
	at    *position // where to begin; nil: no position
	p     *progress
	log   *slog.Logger
	lines *lines

	f    *os.File
	id   *identity
	head []byte // the first bytes of f, headSize at most
	// todo are rotated files to read before the one at cfg.file, oldest first.
	todo []*os.File
	// done are the files that were read to their end, the latest last, and
	// doneAt is when that one was written to last.
	done   []*identity
	rested bool // f was at its end, and nothing was read since
	doneAt time.Time
	buf    []byte
}

func newFollower(cfg *config, at *position, p *progress, log *slog.Logger) *follower {
	return &follower{cfg: cfg, at: at, p: p, log: log, lines: newLines(cfg, p), buf: make([]byte, readSize)}
}

// run reads until ctx ends, or until the end of the file if it is not to be
// followed. A last line without its LF is left for the next run, if the position
// is kept.
func (f *follower) run(ctx context.Context, out chan<- batch) (err error) {
	defer func() { err = errors.Join(err, f.close(), closeAll(f.todo)) }()
	if err := f.begin(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if f.f == nil {
			if opened, err := f.next(); err != nil || !opened && !f.cfg.follow {
				return err
			} else if !opened {
				f.wait(ctx) // for a file to appear
			}
			continue
		}
		n, err := f.read(out)
		if err != nil {
			return fmt.Errorf("%s: %w", f.f.Name(), err)
		}
		if n > 0 {
			continue
		}
		if done, err := f.atEnd(ctx, out); done || err != nil {
			return err
		}
	}
	return nil
}

// read reads a piece of the file and passes on the lines that it completes. n is
// 0 at its end.
func (f *follower) read(out chan<- batch) (n int, err error) {
	n, err = f.f.Read(f.buf)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if n == 0 || err != nil {
		return 0, err
	}
	if f.rested {
		f.rested = false
		if same, err := f.id.is(f.f); err != nil {
			return 0, err
		} else if !same {
			return n, f.startOver(out)
		}
	}
	if len(f.head) < headSize && f.lines.offset() == int64(len(f.head)) {
		if err := f.learn(f.buf[:min(n, headSize-len(f.head))]); err != nil {
			return n, err
		}
	}
	deliver(out, batch{file: f.id, lines: f.lines.feed(f.buf[:n])})
	f.p.read.Store(f.lines.offset())
	return n, nil
}

// learn notes how the file begins.
func (f *follower) learn(more []byte) error {
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	f.head = append(f.head, more...)
	f.id = identify(info, f.head)
	return nil
}

// atEnd is at the end of the file for now: it finds out what comes next.
func (f *follower) atEnd(ctx context.Context, out chan<- batch) (done bool, err error) {
	if len(f.todo) > 0 {
		return false, f.finish(out)
	}
	state, err := f.look()
	if err != nil {
		return false, err
	}
	switch {
	case state == truncated:
		return false, f.startOver(out)
	case state == replaced:
		// Who writes may have written to the old one until now.
		if !f.wait(ctx) {
			return true, nil
		}
		if n, err := f.read(out); n > 0 || err != nil {
			return false, err
		}
		return false, f.finish(out)
	case !f.cfg.follow:
		deliver(out, batch{file: f.id, lines: f.lines.last()})
		return true, nil
	}
	f.rested = true
	f.wait(ctx)
	return false, nil
}

// startOver goes on in a file that was truncated. That it was is known from its
// size, or, if it has grown beyond what was read by then, from how it begins: one
// whose first bytes (headSize at most) are the same as before, and that was
// written that fast, is taken for one that was appended to.
func (f *follower) startOver(out chan<- batch) error {
	f.log.Warn("the file was truncated: going on at its beginning", "file", f.cfg.file)
	deliver(out, batch{file: f.id, lines: f.lines.last()})
	return f.start(0)
}

// What has become of the file.
const (
	unchanged = iota
	truncated
	replaced // by one that has something in it
)

// look compares what is open with what is at its path.
func (f *follower) look() (int, error) {
	mine, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	f.p.size.Store(mine.Size())
	if mine.Size() < f.lines.offset() {
		return truncated, nil
	}
	now, err := os.Stat(f.cfg.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unchanged, nil // between a rename and the new file
	case err != nil:
		return 0, err
	case !os.SameFile(mine, now) && now.Size() > 0:
		return replaced, nil
	}
	return unchanged, nil
}

// finish leaves a file whose lines are all read; the next will be opened.
func (f *follower) finish(out chan<- batch) error {
	deliver(out, batch{file: f.id, lines: f.lines.last()})
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	f.doneAt = info.ModTime()
	f.done = append(f.done[max(0, len(f.done)-remember+1):], f.id)
	return f.close()
}

// remember is how many files that were read are told from new ones.
const remember = 64

func (f *follower) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f = nil
	return err
}

// next opens the next file to read. opened is false if it is not there.
func (f *follower) next() (opened bool, err error) {
	if len(f.todo) > 0 {
		f.f, f.todo = f.todo[0], f.todo[1:]
		return true, f.start(0)
	}
	file, err := os.Open(f.cfg.file)
	if errors.Is(err, fs.ErrNotExist) && f.cfg.follow {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.f = file
	if !f.doneAt.IsZero() {
		// What was rotated away before this one was opened comes first.
		if f.todo, err = f.since(f.doneAt); err != nil || len(f.todo) > 0 {
			return true, errors.Join(err, f.close())
		}
	}
	return true, f.start(0)
}

// start goes on at an offset of the open file.
func (f *follower) start(offset int64) error {
	if _, err := f.f.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if f.head, err = readHead(f.f, int(min(offset, headSize))); err != nil {
		return err
	}
	f.id, f.rested = identify(info, f.head), false
	f.lines.seek(offset)
	f.p.read.Store(offset)
	f.p.size.Store(info.Size())
	return nil
}

// wait lets some time pass. It returns false if ctx ended.
func (f *follower) wait(ctx context.Context) bool {
	t := time.NewTimer(f.cfg.poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
