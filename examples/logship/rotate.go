package main

import (
	"cmp"
	"errors"
	"io/fs"
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
	for _, path := range append([]string{f.cfg.file}, f.siblings()...) {
		found, err := f.resume(path)
		if err != nil {
			return err
		}
		if found {
			if path != f.cfg.file {
				f.log.Info("going on in a rotated file", "file", path, "offset", f.at.Offset)
				f.todo = f.rotated(f.f)
			}
			return nil
		}
	}
	f.log.Error("the file of the position is not there any more: what it had after that is not shipped",
		"state", f.cfg.state, "file", f.at.Path, "offset", f.at.Offset)
	f.todo = f.since(f.at.Time, nil)
	return nil
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

// rotated returns the files that were rotated away after file was.
func (f *follower) rotated(file *os.File) []string {
	info, err := file.Stat()
	if err != nil {
		return nil // it is open: that does not happen
	}
	return f.since(info.ModTime(), info)
}

// since returns the rotated files written to after t, oldest first, without but.
func (f *follower) since(t time.Time, but fs.FileInfo) (paths []string) {
	type rotated struct {
		path string
		time time.Time
	}
	var all []rotated
	current, _ := os.Stat(f.cfg.file) // nil if there is none
	for _, path := range f.siblings() {
		info, err := os.Stat(path)
		if err != nil || but != nil && os.SameFile(info, but) || current != nil && os.SameFile(info, current) {
			continue
		}
		if info.ModTime().After(t) {
			all = append(all, rotated{path, info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b rotated) int {
		return cmp.Or(a.time.Compare(b.time), strings.Compare(b.path, a.path))
	})
	for _, r := range all {
		paths = append(paths, r.path)
	}
	return paths
}

// siblings returns the files beside cfg.file that are named as rotated ones are:
// FILE.1, FILE-20060102, and not compressed.
func (f *follower) siblings() (paths []string) {
	dir, base := filepath.Split(f.cfg.file)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil // then FILE cannot be opened either, and that is said
	}
	for _, e := range entries {
		suffix, ok := strings.CutPrefix(e.Name(), base)
		if ok && e.Type().IsRegular() && isRotation(suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
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
