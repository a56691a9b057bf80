package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// reader reads all files, each in turn.
type reader struct {
	cfg    *config
	tracks *tracks
	p      *progress
	log    *slog.Logger
	out    chan<- batch
	buf    []byte
	open   func(path string) (*os.File, error) // os.Open but in tests

	tails    []*tail
	byPath   map[string]*tail
	explicit map[string]bool // paths given without a pattern
	said     map[string]bool // paths that were said to be passed over
	scanned  bool            // the patterns were looked at once
	rescan   time.Time       // when they are next
}

func newReader(cfg *config, t *tracks, p *progress, log *slog.Logger, out chan<- batch) *reader {
	return &reader{
		cfg: cfg, tracks: t, p: p, log: log, out: out, buf: make([]byte, readSize), open: os.Open,
		byPath: map[string]*tail{}, explicit: map[string]bool{}, said: map[string]bool{},
	}
}

// run reads until ctx ends, or until the ends of the files if they are not to be
// followed. A last line without its LF is left for the next run.
func (r *reader) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.addFiles(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		now := time.Now()
		if !now.Before(r.rescan) {
			r.rescan = now.Add(r.cfg.rescan)
			r.addMatches()
		}
		busy, next := r.round(now)
		if !r.cfg.follow && r.ended() {
			return r.failures()
		}
		if !busy {
			_ = sleep(ctx, time.Until(next))
		}
	}
	return nil
}

// round has every file whose time it is take a step. next is when there is more to
// do.
func (r *reader) round(now time.Time) (busy bool, next time.Time) {
	next = r.rescan
	var read, size int64
	for _, t := range r.tails {
		if !now.Before(t.wake) && t.step(now) {
			busy = true
		}
		if t.wake.Before(next) {
			next = t.wake
		}
		if t.cur != nil {
			read += t.cur.lines.offset()
			size += t.cur.size
		}
	}
	r.p.read.Store(read)
	r.p.size.Store(size)
	return busy, next
}

func (r *reader) ended() bool {
	return !slices.ContainsFunc(r.tails, func(t *tail) bool { return !t.ended || len(t.late) > 0 && t.err == nil })
}

// failures returns why files were not read to their ends.
func (r *reader) failures() (err error) {
	for _, t := range r.tails {
		err = errors.Join(err, t.err)
	}
	if len(r.tails) == 0 {
		err = fmt.Errorf("-file %q: want a pattern of files that are there", r.cfg.files)
	}
	return err
}

// addFiles begins with the files that have no pattern.
func (r *reader) addFiles() error {
	for _, path := range r.cfg.files {
		if isPattern(path) {
			continue
		}
		path, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if !r.explicit[path] {
			r.explicit[path] = true
			r.add(path, false)
		}
	}
	return nil
}

func (r *reader) add(path string, matched bool) {
	t := &tail{r: r, path: path, matched: matched, fromEnd: r.cfg.fromEnd && !r.scanned}
	r.tails = append(r.tails, t)
	r.byPath[path] = t
}

// addMatches begins with the files that patterns find, and drops those that are
// gone.
func (r *reader) addMatches() {
	defer func() { r.scanned = true }()
	if !slices.ContainsFunc(r.cfg.files, isPattern) {
		return
	}
	r.tails = slices.DeleteFunc(r.tails, func(t *tail) bool {
		if !t.matched || !t.gone() {
			return false
		}
		delete(r.byPath, t.path)
		r.tracks.forget(t.path)
		return true
	})
	if !r.scanned {
		r.addSaved()
	}
	matches := r.matches()
	for _, path := range r.logs(matches) {
		if r.byPath[path] == nil && !r.known(path) {
			r.add(path, true)
		}
	}
}

// addSaved begins with the paths of positions that patterns find when there is a
// file: theirs may have another name now.
func (r *reader) addSaved() {
	for _, path := range r.tracks.paths() {
		if r.byPath[path] == nil && slices.ContainsFunc(r.cfg.files, func(pattern string) bool {
			pattern, err := filepath.Abs(pattern)
			if err != nil {
				return false
			}
			ok, err := filepath.Match(pattern, path)
			return ok && err == nil
		}) {
			r.add(path, true)
		}
	}
}

// matches returns the regular files that the patterns find. Of several names of
// one file it is the one that is no symbolic link.
func (r *reader) matches() (paths []string) {
	infos := map[string]fs.FileInfo{}
	for _, pattern := range r.cfg.files {
		if !isPattern(pattern) {
			continue
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // parseConfig has refused it
		}
		for _, path := range found {
			path, err := filepath.Abs(path)
			if err != nil {
				continue
			}
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				infos[path] = info
			}
		}
	}
	seen := map[[2]uint64]bool{}
	for _, links := range []bool{false, true} {
		for path, info := range infos {
			device, inode := inode(info)
			id := [2]uint64{device, inode}
			if link := isLink(path); link != links || link && seen[id] {
				continue
			}
			seen[id] = inode != 0
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// logs returns those of the matches that are logs of their own: not compressed and
// not named as rotated files of others.
func (r *reader) logs(matches []string) (paths []string) {
	bases := map[string][]string{}
	for _, path := range matches {
		bases[filepath.Dir(path)] = append(bases[filepath.Dir(path)], filepath.Base(path))
	}
	for path := range r.byPath {
		bases[filepath.Dir(path)] = append(bases[filepath.Dir(path)], filepath.Base(path))
	}
	for _, path := range matches {
		name := filepath.Base(path)
		switch {
		case r.byPath[path] != nil:
		case isCompressed(name):
			r.skipped(path, "it is compressed")
		case path == r.state():
		case slices.ContainsFunc(bases[filepath.Dir(path)], func(base string) bool { return isRotated(base, name) }):
			r.skipped(path, "it has the name of a rotated file of another log")
		default:
			paths = append(paths, path)
		}
	}
	return paths
}

func (r *reader) state() string {
	path, _ := filepath.Abs(r.cfg.state)
	return path
}

// skipped says once that a file is not read.
func (r *reader) skipped(path, why string) {
	if !r.said[path] {
		r.said[path] = true
		r.log.Info("a file is passed over", "file", path, "reason", why)
	}
}

// known reports whether the file at a path that has no tail yet is, or was, read
// as that of another path.
func (r *reader) known(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false // its tail says why
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	return r.tracks.isKnown(path, f, info)
}

// deliver passes lines on.
func (r *reader) deliver(g *generation, out []line) {
	b := batch{track: g.track, lines: out}
	r.tracks.pushed(b)
	deliver(r.out, b)
}

func (r *reader) close() (err error) {
	for _, t := range r.tails {
		err = errors.Join(err, t.close())
	}
	return err
}
