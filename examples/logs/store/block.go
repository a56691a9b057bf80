package store

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
)

// A blockReader reads a segment's blocks in order and passes over what is
// damaged.
type blockReader struct {
	f    io.ReaderAt
	size int64 // of the file, without its index
	off  int64 // where to go on

	run   uint64
	known bool // run is that of the segment

	blocks  int   // whole ones so far
	end     int64 // where the last whole one ended
	skipped int64 // bytes passed over before another block was found

	buf  []byte
	head [headerSize]byte
}

// newBlockReader reads the segment's header. That may be damaged; then the
// first block says which run it is of.
func newBlockReader(f OpenFile) (*blockReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r := &blockReader{f: f, off: headerSize}
	if r.size, err = dataEnd(f, info.Size()); err != nil {
		return nil, err
	}
	ok, err := r.readHead(0)
	if err != nil {
		return nil, err
	}
	var h segmentHeader
	if ok && h.get(&r.head) {
		r.run, r.known = h.run, true
	}
	r.off = min(r.off, r.size)
	r.end = r.off
	return r, nil
}

// next returns the next block that is whole, or io.EOF. If skip says so its
// payload is neither read nor checked. The payload is valid until the next
// call.
func (r *blockReader) next(skip func(*blockHeader) bool) (h blockHeader, payload []byte, err error) {
	at := r.off
	for at < r.size {
		ok, err := r.block(at, &h, &payload, skip)
		if err != nil {
			return h, nil, err
		}
		if ok {
			r.skipped += at - r.off
			r.off = at + headerSize + int64(h.length)
			r.run, r.known = h.run, true
			r.blocks++
			r.end = r.off
			return h, payload, nil
		}
		if at, err = r.search(at + 1); err != nil {
			return h, nil, err
		}
	}
	r.off = r.size
	return h, nil, io.EOF
}

// block reads the block at off, if there is one.
func (r *blockReader) block(off int64, h *blockHeader, payload *[]byte, skip func(*blockHeader) bool) (bool, error) {
	ok, err := r.readHead(off)
	if err != nil || !ok || !h.get(&r.head) || r.known && h.run != r.run {
		return false, err
	}
	n := int(h.length)
	if off+headerSize+int64(n) > r.size {
		return false, nil
	}
	if skip != nil && skip(h) {
		*payload = nil
		return true, nil
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	*payload = r.buf[:n:n]
	if ok, err := r.read(*payload, off+headerSize); !ok {
		return false, err
	}
	return crc32.Checksum(*payload, castagnoli) == h.crc, nil
}

// readHead reads 64 bytes at off into r.head; false means that they are not all
// there.
func (r *blockReader) readHead(off int64) (bool, error) {
	if off+headerSize > r.size {
		return false, nil
	}
	return r.read(r.head[:], off)
}

// read fills b from off. A file that has been cut meanwhile has ended there.
func (r *blockReader) read(b []byte, off int64) (bool, error) {
	n, err := r.f.ReadAt(b, off)
	if n == len(b) {
		return true, nil
	}
	if err == io.EOF {
		return false, nil
	}
	return false, err
}

// search returns where a block might begin at off or later, or r.size.
func (r *blockReader) search(off int64) (int64, error) {
	window := make([]byte, 64<<10)
	for off+headerSize <= r.size {
		n, err := r.f.ReadAt(window, off)
		if i := bytes.Index(window[:n], blockMagic[:]); i >= 0 {
			return off + int64(i), nil
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		off += int64(n - len(blockMagic) + 1)
	}
	return r.size, nil
}

// damage describes what is wrong with a segment that was read to its end.
func (r *blockReader) damage(path string) error {
	torn := r.size - r.end
	switch {
	case r.skipped > 0:
		return fmt.Errorf("%s: %w: %d bytes were passed over, %d follow the last block",
			path, ErrDamaged, r.skipped, torn)
	case torn > 0:
		return fmt.Errorf("%s: %w: %d bytes follow the last block", path, ErrTorn, torn)
	}
	return nil
}
