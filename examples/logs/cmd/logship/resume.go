package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// begin opens the files of the path's positions, wherever they were moved to
// meanwhile: the newest goes on as the present one, those before it may have got
// late lines.
func (t *tail) begin(now time.Time) error {
	known := t.r.tracks.open(t.path)
	if len(known) == 0 {
		return t.beginAnew()
	}
	files := make([]pending, len(known))
	likes := make([]likeness, len(known))
	for i, k := range known {
		var err error
		if files[i], likes[i], err = t.resume(k); err != nil {
			return errors.Join(err, closeAll(files[:i]))
		}
	}
	for i, k := range known {
		if t.cur != nil {
			t.leave(now)
		}
		if files[i].f == nil {
			t.missing(k)
			continue
		}
		own := k
		if likes[i] == alike {
			own = nil // it goes on in a copy, which is another file
		}
		g, err := t.r.openGeneration(t.path, files[i].f, own, files[i].offset, files[i].asOf)
		if err != nil {
			return errors.Join(err, closeAll(files[i:]))
		}
		if own == nil {
			t.r.tracks.close(k)
		}
		t.cur, t.asOf = g, files[i].asOf
	}
	return nil
}

// missing says that the file of a position is not there. Until there is a new one
// its time is what tells the files after it.
func (t *tail) missing(k *track) {
	p, _ := t.r.tracks.position(k)
	t.asOf = p.AsOf
	t.r.tracks.close(k)
	if !k.saved {
		t.r.log.Error("the file of the position is not there any more: what it had after that is not shipped",
			"state", t.r.cfg.state, "file", p.Path, "offset", p.Offset)
	}
}

// beginAnew begins without a position.
func (t *tail) beginAnew() error {
	if !t.fromEnd {
		return nil
	}
	p, err := t.r.openSettled(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := p.f.Stat()
	if err != nil {
		return errors.Join(err, p.f.Close())
	}
	if t.cur, err = t.r.openGeneration(t.path, p.f, nil, info.Size(), p.asOf); err != nil {
		return errors.Join(err, p.f.Close())
	}
	t.asOf = p.asOf
	return nil
}

// resume opens the file of a position: under any name, or, if it is not there any
// more, a copy of it. f is nil if there is neither.
func (t *tail) resume(k *track) (_ pending, l likeness, err error) {
	p, _ := t.r.tracks.position(k)
	f, l, err := t.find(p, same)
	if f == nil && err == nil {
		f, l, err = t.find(p, alike)
	}
	if f == nil || err != nil {
		return pending{}, other, err
	}
	if f.Name() != t.path {
		t.r.log.Info("going on in a rotated file", "file", f.Name(), "offset", p.Offset)
	}
	info, err := f.Stat()
	if err != nil {
		return pending{}, other, errors.Join(err, f.Close())
	}
	asOf := p.AsOf
	if l == alike || info.ModTime().Before(asOf) { // a clock was put back, or it was restored
		asOf = info.ModTime()
	}
	return pending{f: f, offset: p.Offset, asOf: asOf}, l, nil
}

// find opens the file that is like the position's: the one at the path, or one
// beside it.
func (t *tail) find(p position, want likeness) (*os.File, likeness, error) {
	if f, l, err := t.tryFile(t.path, p, want, true); f != nil || err != nil {
		if want == same || p.HeadSize >= copySize || err != nil {
			return f, l, err
		}
		_ = f.Close() // too little to tell a copy by that has the name of the log
	}
	places := placesOf(t.path)
	for _, dir := range places.dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, other, err
		}
		for _, e := range entries {
			path, rotated := filepath.Join(dir, e.Name()), places.rotated(e.Name())
			if path == t.path || isCompressed(path) || t.r.explicit[path] && !rotated {
				continue
			}
			if f, l, err := t.tryFile(path, p, want, rotated); f != nil || err != nil {
				return f, l, err
			}
		}
	}
	return nil, other, nil
}

// tryFile opens a file if it is at least so much like the position's. That it may
// not be read is an error if it must be: it may be the one.
func (t *tail) tryFile(path string, p position, want likeness, must bool) (*os.File, likeness, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		if err != nil && must && !errors.Is(err, fs.ErrNotExist) {
			return nil, other, err
		}
		return nil, other, nil
	}
	if _, inode := inode(info); want == same && inode != p.Inode {
		return nil, other, nil
	}
	f, err := t.r.open(path)
	if err != nil {
		if want == same || must && !info.ModTime().Before(p.AsOf) {
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, other, err
			}
		}
		return nil, other, nil
	}
	l := other
	if info, err = f.Stat(); err == nil {
		device, inode := inode(info)
		l, err = p.judge(device, inode, info.Size(), f)
	}
	if err != nil || l < want {
		return nil, other, errors.Join(err, f.Close())
	}
	return f, l, nil
}

// copyOf opens the copy of a file that was truncated, from where on it was not
// passed on. It is nil if there is none.
func (t *tail) copyOf(g *generation) (*pending, error) {
	p := g.position()
	if p.HeadSize == 0 {
		return nil, nil
	}
	p.Inode = 0 // the file itself is not meant
	f, _, err := t.find(p, alike)
	if f == nil || err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || g.isFile(info) || t.held(info) {
		return nil, errors.Join(err, f.Close())
	}
	return &pending{f: f, offset: g.lines.start, asOf: info.ModTime()}, nil
}

// held reports whether a file is open already.
func (t *tail) held(info fs.FileInfo) bool {
	for _, p := range t.todo {
		if mine, err := p.f.Stat(); err == nil && os.SameFile(mine, info) {
			return true
		}
	}
	for _, g := range t.late {
		if g.isFile(info) {
			return true
		}
	}
	return false
}
