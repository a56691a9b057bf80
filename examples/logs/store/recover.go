package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
)

// recover puts the segments in order that a crash may have left half written, and
// returns the number of the newest. Only what is newest can be: it looks backwards as
// far as something has to be done.
func (s *Store) recover() (last uint64, err error) {
	paths, err := segments(s.opts.FS, s.opts.Dir)
	if err != nil {
		return 0, err
	}
	for i := len(paths) - 1; i >= 0; i-- {
		whole, err := s.recoverSegment(paths[i])
		if err != nil {
			return 0, fmt.Errorf("recovering %s: %w", paths[i], err)
		}
		if whole {
			break
		}
	}
	return s.newest()
}

// newest is the greatest number of a segment, also of those that were set aside.
func (s *Store) newest() (last uint64, err error) {
	names, err := s.opts.FS.List(s.opts.Dir)
	for _, name := range names {
		if id, _, ok := parseFileName(name); ok {
			last = max(last, id.seq)
		}
	}
	return last, err
}

// damagedSuffix is in the names of what was set aside: of whole segments, and of what
// followed the last block of one that can be read.
const damagedSuffix = ".damaged"

// parseFileName is parseSegmentName also for what was set aside of a segment.
func parseFileName(name string) (id segmentID, aside, ok bool) {
	base, _, aside := strings.Cut(name, damagedSuffix)
	id, ok = parseSegmentName(base)
	return id, aside, ok
}

// recoverSegment cuts what follows a segment's last whole block, and sets it aside if it
// may have been acknowledged. A segment that has no block is set aside, or removed if it
// is empty. It reports whether there was nothing to do.
func (s *Store) recoverSegment(path string) (whole bool, err error) {
	f, err := s.opts.FS.Open(path, true)
	if err != nil {
		return false, err
	}
	defer f.Close()
	r, err := newBlockReader(f)
	if err != nil {
		return false, err
	}
	for err == nil {
		_, _, err = r.next(nil)
	}
	if !errors.Is(err, io.EOF) {
		return false, err
	}
	if r.skipped > 0 {
		s.damaged("log store: a segment is damaged; what can be read of it stays", path, "bytes", r.skipped)
	}
	switch {
	case r.blocks == 0:
		return false, s.recoverEmpty(f, r, path)
	case r.end == r.size:
		return true, nil
	}
	if err := s.cutTail(f, r, path); err != nil {
		return false, err
	}
	return false, nil
}

// recoverEmpty deals with a segment that has no block.
func (s *Store) recoverEmpty(f OpenFile, r *blockReader, path string) error {
	data, err := hasData(f, min(headerSize, r.size))
	if err != nil {
		return err
	}
	if !data && (r.known || r.size <= headerSize) {
		return errors.Join(f.Close(), s.opts.FS.Remove(path))
	}
	// No segment, or a crash during its first write, or blocks that were stored and are
	// damaged since: nothing tells which, and somebody may want to look.
	aside, err := s.asideName(path)
	if err != nil {
		return err
	}
	s.damaged("log store: no block of a segment can be read, it is set aside", path, "as", aside)
	return errors.Join(f.Close(), s.opts.FS.Rename(path, aside), s.opts.FS.SyncDir(s.opts.Dir))
}

// cutTail cuts what follows the last whole block.
func (s *Store) cutTail(f OpenFile, r *blockReader, path string) error {
	suspect, err := s.suspect(f, r)
	if err != nil {
		return err
	}
	if suspect {
		aside, err := s.setAside(f, r.end, path)
		if err != nil {
			return err
		}
		s.damaged("log store: what follows the last whole block of a segment is set aside", path,
			"bytes", r.size-r.end, "as", aside)
	} else {
		s.opts.Logger.Info("log store: cutting what was not written whole",
			"path", path, "bytes", r.size-r.end)
	}
	if err := f.Truncate(r.end); err != nil {
		return err
	}
	return f.Sync()
}

// suspect reports whether what follows the last whole block may have been acknowledged.
// It was not if it is reserved space, less than a header, an index, or the beginning of a
// block that the file is too short for: a block is acknowledged when all of it is written.
func (s *Store) suspect(f OpenFile, r *blockReader) (bool, error) {
	if data, err := hasData(f, r.end); err != nil || !data {
		return false, err
	}
	if r.end+headerSize > r.size {
		return false, nil
	}
	var head [headerSize]byte
	if _, err := f.ReadAt(head[:], r.end); err != nil {
		return false, err
	}
	if [8]byte(head[:8]) == indexMagic {
		return false, nil // that was being written
	}
	var h blockHeader
	return !h.get(&head) || r.end+headerSize+int64(h.length) <= r.size, nil
}

// hasData reports whether there is anything from off on but space that was reserved,
// which reads as zeros.
func hasData(f io.ReaderAt, off int64) (bool, error) {
	r := io.NewSectionReader(f, off, math.MaxInt64-off)
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			if c != 0 {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
}

// setAside copies what a segment has from off on to a file of its own, durably.
func (s *Store) setAside(f OpenFile, off int64, path string) (aside string, err error) {
	if aside, err = s.asideName(path); err != nil {
		return "", err
	}
	to, err := s.opts.FS.Create(aside, s.opts.FileMode)
	if err != nil {
		return "", err
	}
	r := io.NewSectionReader(f, off, math.MaxInt64-off)
	buf := make([]byte, 64<<10)
	for at := int64(0); ; {
		n, rerr := r.Read(buf)
		if n > 0 {
			if _, err := writeFull(to.WriteAt, buf[:n], at); err != nil {
				return "", errors.Join(err, to.Close(), s.opts.FS.Remove(aside))
			}
			at += int64(n)
		}
		if errors.Is(rerr, io.EOF) {
			break
		} else if rerr != nil {
			return "", errors.Join(rerr, to.Close(), s.opts.FS.Remove(aside))
		}
	}
	return aside, errors.Join(to.Datasync(), to.Close(), s.opts.FS.SyncDir(s.opts.Dir))
}

// asideName is a name that is free for what is set aside of a segment.
func (s *Store) asideName(path string) (string, error) {
	for i := 1; ; i++ {
		name := path + damagedSuffix
		if i > 1 {
			name = fmt.Sprintf("%s.%d", name, i)
		}
		if _, err := s.opts.FS.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

// Damaged returns the paths of what was set aside in a directory.
func Damaged(dir string) ([]string, error) { return damagedFiles(StdFS{}, dir) }

func damagedFiles(fsys FS, dir string) (paths []string, err error) {
	names, err := fsys.List(dir)
	for _, name := range names {
		if _, aside, ok := parseFileName(name); aside && ok {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, err
}

// damaged counts and says that something is damaged.
func (s *Store) damaged(what, path string, args ...any) {
	s.stats.Damaged.Add(1)
	s.opts.Logger.Error(what, append([]any{"path", path}, args...)...)
}
