package poller

import (
	"io"
	"os"
)

// ReadBuffer waits until bytes have been received and lends them without
// copying. Errors as Read's. It is serialised with Read, and the two may be
// mixed.
func (fd *FD) ReadBuffer() (*Buffer, error) {
	b := new(Buffer)
	if err := fd.Lend(b); err != nil {
		return nil, err
	}
	return b, nil
}

// Lend is ReadBuffer into a Buffer of the caller's, which is released first.
func (fd *FD) Lend(b *Buffer) error {
	b.Release()
	fd.rl.Lock()
	defer fd.rl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	c, err := fd.nextChunk()
	if err != nil {
		return err
	}
	*b = Buffer{b: c.b, from: fd, heap: c.heap, id: c.id}
	if c.bufs != nil {
		b.bufs = c.bufs
	}
	return nil
}

// nextChunk waits for a chunk and takes it from the queue. Both locks are held.
func (fd *FD) nextChunk() (chunk, error) {
	rx := &fd.rx
	fd.tx.again = false
	for {
		switch {
		case fd.closing != nil:
			return chunk{}, fd.closing
		case fd.ev != nil:
			return chunk{}, errServed
		case fd.rd.expired:
			return chunk{}, fd.readTimeout()
		case len(rx.queue) > 0:
			c := rx.queue[0]
			rx.queue = append(rx.queue[:0], rx.queue[1:]...)
			return c, nil
		case rx.end != nil:
			err := rx.end
			rx.end = nil
			return chunk{}, err
		}
		if rx.ring == nil && (rx.ready || rx.poll || rx.pollOnce) {
			if c, err, done := fd.chunkDirect(); done {
				return c, err
			}
		}
		var r *ring
		if rx.ring == nil {
			r = fd.arm(fd.p.current(), 0, false)
		}
		fd.park(&fd.rd, r)
	}
}

// chunkDirect tries recv(2) into an elastic buffer.
func (fd *FD) chunkDirect() (c chunk, err error, done bool) {
	heap := fd.p.elastic.Get()
	if cap(heap.B) < fd.p.cfg.BufferSize {
		heap.B = make([]byte, fd.p.cfg.BufferSize)
	}
	n, err, done := fd.recvDirect(heap.B[:fd.p.cfg.BufferSize])
	if !done || err != nil {
		fd.p.elastic.Put(heap)
		return chunk{}, err, done
	}
	return chunk{b: heap.B[:n], heap: heap}, nil, true
}

// takeBack implements lender.
func (fd *FD) takeBack(b *Buffer) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	switch {
	case b.bufs != nil:
		fd.rx.held--
		b.bufs.Release(b.id)
	case b.heap != nil:
		fd.p.elastic.Put(b.heap)
	}
}

// SpliceRead is RawRead that ends receiving ahead only while it runs, and
// refuses with ErrAhead as long as there are bytes received before: they have
// to be taken first, by Lend.
func (fd *FD) SpliceRead(f func(sysfd uintptr) bool) error {
	fd.rl.Lock()
	defer fd.rl.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.closing != nil {
		return fd.closing
	}
	if fd.ev != nil {
		return errServed
	}
	if fd.rd.expired {
		return os.ErrDeadlineExceeded
	}
	err := fd.suspend()
	defer fd.resume()
	if err != nil {
		return err
	}
	if fd.rx.end == io.EOF && len(fd.rx.queue) == 0 {
		fd.rx.end = nil
		return io.EOF
	}
	if len(fd.rx.queue) > 0 || fd.rx.end != nil {
		return ErrAhead
	}
	return fd.rawRead(f)
}
