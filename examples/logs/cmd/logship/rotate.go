package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// upcoming opens what is at the path, and the rotated files before it that were
// never seen: those written to since the present one was seen there last. They are
// opened because their names change. There are none while nothing is at the path.
func (t *tail) upcoming() (files []pending, err error) {
	for range scans {
		last, err := t.r.openSettled(t.path)
		if errors.Is(err, fs.ErrNotExist) {
			if t.r.cfg.follow || t.asOf.IsZero() {
				return nil, nil
			}
			return t.since(t.asOf, nil)
		}
		if err != nil {
			return nil, err
		}
		files = []pending{last}
		if !t.asOf.IsZero() {
			found, err := t.since(t.asOf, files)
			if err != nil {
				return nil, errors.Join(err, closeAll(files))
			}
			files = append(found, last)
		}
		// If it was rotated away meanwhile, some of those found come after it.
		if mine, err := last.f.Stat(); err == nil {
			if there, err := os.Stat(t.path); err == nil && os.SameFile(mine, there) {
				files[len(files)-1] = t.again(last)
				return files, nil
			}
		}
		if err := closeAll(files); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: files are renamed all the time", t.path)
}

// again has a file that is at the path once more go on where it was.
func (t *tail) again(p pending) pending {
	info, err := p.f.Stat()
	if err != nil {
		return p
	}
	if l, k, err := t.r.tracks.like(t.path, p.f, info); err == nil && l == same {
		_, p.offset = t.r.tracks.position(k)
		t.late = slices.DeleteFunc(t.late, func(g *generation) bool {
			if g.isFile(info) {
				t.r.tracks.close(g.track)
				_ = g.f.Close()
				return true
			}
			return false
		})
	}
	return p
}

// openSettled opens a file, with the time at which it had been written to last
// while it surely was at the path.
func (r *reader) openSettled(path string) (p pending, err error) {
	for range scans {
		before, err := os.Stat(path)
		if err != nil {
			return p, err
		}
		f, err := r.open(path)
		if err != nil {
			return p, err
		}
		info, err := f.Stat()
		if err == nil && os.SameFile(before, info) {
			return pending{f: f, asOf: before.ModTime(), size: info.Size()}, nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return p, err
		}
	}
	return p, fmt.Errorf("%s: files are renamed all the time", path)
}

// scans is how often it is looked again if files are renamed meanwhile: one that
// changes its name could be missed.
const scans = 100

// since opens the rotated files written to since a time, oldest first, that were
// not read and are not held open.
func (t *tail) since(asOf time.Time, held []pending) ([]pending, error) {
	for range scans {
		before, err := t.beside()
		if err != nil {
			return nil, err
		}
		found, err := t.scan(before, asOf, held)
		if err != nil {
			return nil, errors.Join(err, closeAll(found))
		}
		after, err := t.beside()
		if err == nil && maps.EqualFunc(before, after, os.SameFile) {
			return found, nil
		}
		if err := errors.Join(err, closeAll(found)); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: files are renamed all the time", t.path)
}

// beside returns the files that a rotation may have made, by their paths.
func (t *tail) beside() (map[string]fs.FileInfo, error) {
	places, found := placesOf(t.path), map[string]fs.FileInfo{}
	for _, dir := range places.dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if !places.rotated(e.Name()) || t.r.explicit[path] {
				continue
			}
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				found[path] = info
			}
		}
	}
	return found, nil
}

// scan opens those of the files that are to be read.
func (t *tail) scan(files map[string]fs.FileInfo, asOf time.Time, held []pending) (found []pending, err error) {
	for _, path := range slices.Backward(slices.Sorted(maps.Keys(files))) {
		if files[path].ModTime().Before(asOf) {
			continue
		}
		if isCompressed(path) {
			t.r.skipped(path, "it is compressed: if that was not read before, it is not shipped")
			continue
		}
		f, err := t.r.open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has another name now
		}
		if err != nil {
			return found, err
		}
		offset, fresh, err := t.fresh(f, slices.Concat(held, found))
		if err != nil || !fresh {
			if err := errors.Join(err, f.Close()); err != nil {
				return found, err
			}
			continue
		}
		found = append(found, pending{f: f, offset: offset, asOf: files[path].ModTime()})
	}
	slices.SortStableFunc(found, func(a, b pending) int {
		return cmp.Or(a.asOf.Compare(b.asOf), strings.Compare(b.f.Name(), a.f.Name()))
	})
	return found, nil
}

// copySize is how long a file has to be for another to be taken for its copy
// although the file itself is there, too.
const copySize = 64

// fresh reports whether a rotated file has something that was not read, and from
// where on.
func (t *tail) fresh(f *os.File, found []pending) (offset int64, fresh bool, err error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 { // perhaps a copy that is only begun
		return 0, false, err
	}
	for _, p := range slices.Concat(t.todo, found) {
		if other, err := p.f.Stat(); err != nil || os.SameFile(other, info) {
			return 0, false, err // a second name
		}
	}
	l, k, err := t.r.tracks.like(t.path, f, info)
	if err != nil || l == same {
		return 0, false, err
	}
	if l == alike && k != nil {
		if p, end := t.r.tracks.position(k); p.HeadSize >= copySize {
			return end, info.Size() > end, nil
		}
	}
	copied, err := t.copies(f, info)
	return 0, !copied, err
}

// copies reports whether a file is the one at the path, or has the same content as
// far as it goes: a copy that is being made before a truncation.
func (t *tail) copies(f *os.File, info fs.FileInfo) (bool, error) {
	now, err := os.Open(t.path)
	if err != nil {
		return false, nil // there is none
	}
	defer now.Close()
	there, err := now.Stat()
	if err != nil || os.SameFile(there, info) {
		return err == nil, err
	}
	head, err := readAt(f, 0, headSize)
	if err != nil || len(head) < copySize {
		return false, err
	}
	last, err := readAt(f, info.Size()-lastSize, lastSize)
	if err != nil || len(last) < lastSize {
		return false, err
	}
	p := position{identity: identify(info, head), Offset: info.Size(), Last: fingerprint(last), LastSize: lastSize}
	device, inode := inode(there)
	l, err := p.judge(device, inode, there.Size(), now)
	return l != other, err
}
