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

// begin opens the file at the position, wherever it was moved to meanwhile.
func (f *follower) begin() error {
	if f.at == nil {
		return f.beginAnew()
	}
	siblings, err := f.siblings()
	if err != nil {
		return err
	}
	for _, path := range append([]string{f.cfg.file}, siblings...) {
		found, err := f.resume(path)
		if err != nil {
			return err
		}
		if found {
			if path != f.cfg.file {
				f.log.Info("going on in a rotated file", "file", path, "offset", f.at.Offset)
				f.done = append(f.done, f.id)
				f.todo, err = f.rotated()
			}
			return err
		}
	}
	f.log.Error("the file of the position is not there any more: what it had after that is not shipped",
		"state", f.cfg.state, "file", f.at.Path, "offset", f.at.Offset)
	f.todo, err = f.since(f.at.Time)
	return err
}

// beginAnew begins without a position.
func (f *follower) beginAnew() error {
	if !f.cfg.fromEnd {
		return nil
	}
	file, err := os.Open(f.cfg.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f.f = file
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return f.start(info.Size())
}

// resume opens path at the position, if it is that file.
func (f *follower) resume(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same, err := f.at.is(file)
	if err == nil && same {
		info, serr := file.Stat()
		if err = serr; err == nil && info.Size() >= f.at.Offset {
			f.f = file
			return true, f.start(f.at.Offset)
		}
	}
	return false, errors.Join(err, file.Close())
}

// rotated opens the files that were rotated away after the open one was.
func (f *follower) rotated() ([]*os.File, error) {
	info, err := f.f.Stat()
	if err != nil {
		return nil, err
	}
	return f.since(info.ModTime())
}

// since opens the rotated files written to since t, oldest first: not the open
// file, not the one at its usual path, and none that was read. They are opened
// because their names change.
func (f *follower) since(t time.Time) ([]*os.File, error) {
	for range scans {
		before, err := f.named()
		if err != nil {
			return nil, err
		}
		found, err := f.scan(t)
		if err != nil {
			return nil, err
		}
		after, err := f.named()
		if err == nil && maps.Equal(before, after) {
			return found, nil
		}
		if err := errors.Join(err, closeAll(found)); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: files are renamed all the time", f.cfg.file)
}

// scans is how often the directory is looked through if files are renamed
// meanwhile: one that changes its name could be missed.
const scans = 100

// named returns which file has which name, as far as systems say.
func (f *follower) named() (map[string][2]uint64, error) {
	siblings, err := f.siblings()
	names := map[string][2]uint64{}
	for _, path := range append(siblings, f.cfg.file) {
		if info, err := os.Stat(path); err == nil {
			device, inode := inode(info)
			names[path] = [2]uint64{device, inode}
		}
	}
	return names, err
}

// scan looks through the directory once.
func (f *follower) scan(t time.Time) (found []*os.File, err error) {
	siblings, err := f.siblings()
	if err != nil {
		return nil, err
	}
	times := map[*os.File]time.Time{}
	for _, path := range siblings {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has another name now
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(found))
		}
		at, fresh, err := f.fresh(file, t)
		if err != nil || !fresh {
			if err := errors.Join(err, file.Close()); err != nil {
				return nil, errors.Join(err, closeAll(found))
			}
			continue
		}
		found, times[file] = append(found, file), at
	}
	slices.SortFunc(found, func(a, b *os.File) int {
		return cmp.Or(times[a].Compare(times[b]), strings.Compare(b.Name(), a.Name()))
	})
	return found, nil
}

// fresh reports whether a rotated file was written to since t and not read, and
// when it was.
func (f *follower) fresh(file *os.File, t time.Time) (at time.Time, fresh bool, err error) {
	info, err := file.Stat()
	if err != nil || info.ModTime().Before(t) {
		return at, false, err
	}
	if f.f != nil {
		if mine, err := f.f.Stat(); err != nil || os.SameFile(mine, info) {
			return at, false, err
		}
	}
	if now, err := os.Stat(f.cfg.file); err == nil && os.SameFile(now, info) {
		return at, false, nil
	}
	for _, id := range f.done {
		if same, err := id.is(file); same || err != nil {
			return at, false, err
		}
	}
	return info.ModTime(), true, nil
}

func closeAll(files []*os.File) (err error) {
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// siblings returns the files beside cfg.file that are named as rotated ones are:
// FILE.1, FILE-20060102, and not compressed.
func (f *follower) siblings() (paths []string, err error) {
	dir, base := filepath.Split(f.cfg.file)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		suffix, ok := strings.CutPrefix(e.Name(), base)
		if ok && e.Type().IsRegular() && isRotation(suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// isRotation reports whether what follows a file's name says that it was rotated.
func isRotation(suffix string) bool {
	if suffix == "" || !strings.ContainsRune(".-_", rune(suffix[0])) || !strings.ContainsAny(suffix, "0123456789") {
		return false
	}
	switch filepath.Ext(suffix) {
	case ".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".tmp", ".swp":
		return false
	}
	return true
}
