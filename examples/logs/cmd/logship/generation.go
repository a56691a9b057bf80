package main

import (
	"errors"
	"io"
	"os"
	"time"
)

// generation is one of the files that are at a path one after the other. It
// belongs to the reader's goroutine.
type generation struct {
	f      *os.File
	track  *track
	tracks *tracks
	lines  *lines

	head []byte // the first bytes, headSize at most
	tail []byte // those before the offset, lastSize at most; nil: unknown
	// rested says that the end was reached and nothing was read since.
	rested bool
	until  time.Time // how long it is still read after it was replaced
	size   int64     // when it was looked at last; for show
	mod    time.Time // when it had been written to last, then
}

// openGeneration goes on at an offset of a file. track is nil if it has none yet.
func (r *reader) openGeneration(path string, f *os.File, k *track, offset int64, asOf time.Time) (*generation, error) {
	head, err := readAt(f, 0, int(min(offset, headSize)))
	if err != nil {
		return nil, err
	}
	g := &generation{f: f, tracks: r.tracks, lines: newLines(r.cfg, path, r.p), head: head, track: k}
	g.lines.seek(offset)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	g.size = info.Size()
	if g.track == nil {
		g.track = r.tracks.begin(path, identify(info, head), offset, asOf)
	} else {
		r.tracks.learn(g.track, identify(info, head))
	}
	return g, nil
}

// read reads a piece and returns the lines that it completes. n is 0 at the end.
// changed says that the file is not what it was before it rested: what was read is
// not passed on.
func (g *generation) read(buf []byte) (out []line, n int, changed bool, err error) {
	if g.lines.inNULs() && !g.skipHole() {
		return nil, 0, false, g.rewindNULs()
	}
	n, err = g.f.ReadAt(buf, g.lines.offset())
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if n == 0 || err != nil {
		return nil, 0, false, errors.Join(err, g.rewindNULs())
	}
	if g.rested {
		if intact, err := g.intact(); err != nil || !intact {
			return nil, n, err == nil, err
		}
		g.rested = false
	}
	if len(g.head) < headSize && g.lines.offset() == int64(len(g.head)) {
		if err := g.learn(buf[:min(n, headSize-len(g.head))]); err != nil {
			return nil, n, false, err
		}
	}
	out = g.lines.feed(buf[:n])
	g.note(buf[:n])
	return out, n, false, nil
}

// skipHole goes to the data behind a hole. It returns false if there is none: the
// file may be one that was given its size before its content.
func (g *generation) skipHole() bool {
	at := g.lines.offset()
	next, ok := nextData(g.f, at)
	if !ok {
		return false
	}
	if next > at {
		g.lines.nuls += next - at
		g.tail = nil
	}
	return true
}

// rewindNULs has NULs at the end of the file read again: they may become data.
func (g *generation) rewindNULs() error {
	if !g.lines.inNULs() {
		return nil
	}
	g.lines.nuls, g.tail = 0, nil
	if int64(len(g.head)) <= g.lines.start {
		return nil
	}
	g.head = g.head[:g.lines.start]
	return g.learn(nil)
}

// learn notes how the file begins.
func (g *generation) learn(more []byte) error {
	info, err := g.f.Stat()
	if err != nil {
		return err
	}
	g.head = append(g.head, more...)
	g.tracks.learn(g.track, identify(info, g.head))
	return nil
}

// note remembers what is before the offset.
func (g *generation) note(b []byte) {
	if len(b) < lastSize {
		b = append(g.tail, b...)
	}
	g.tail = append([]byte(nil), b[max(0, len(b)-lastSize):]...)
}

// intact reports whether what was read is still there: it is not if the file was
// truncated and has grown again.
func (g *generation) intact() (bool, error) {
	p := g.position()
	info, err := g.f.Stat()
	if err != nil {
		return false, err
	}
	device, inode := inode(info)
	l, err := p.judge(device, inode, info.Size(), g.f)
	return l == same, err
}

// untouched reports whether what was read is still there, at the end of the file:
// it is not if that was truncated, even if it has the same size again.
func (g *generation) untouched(info os.FileInfo) (bool, error) {
	g.size = info.Size()
	if g.size < g.lines.offset() {
		return false, nil
	}
	if g.mod.Equal(info.ModTime()) {
		return true, nil
	}
	g.mod = info.ModTime()
	return g.intact()
}

// position is up to where it was read, which is not up to where it is shipped.
func (g *generation) position() position {
	p, _ := g.tracks.position(g.track)
	p.Offset, p.Trail = g.lines.offset(), 0
	p.Last, p.LastSize = fingerprint(g.tail), len(g.tail)
	return p
}

// isFile reports whether other is the same open file.
func (g *generation) isFile(info os.FileInfo) bool {
	mine, err := g.f.Stat()
	return err == nil && os.SameFile(mine, info)
}
