package poller

import (
	"cmp"
	"os"
)

// ReadBuffer waits until bytes have been received and lends them: without copying
// where they lie in a provided buffer. Errors as Read's. It is serialised with Read,
// and the two may be mixed.
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
	fd.rd.lock.Lock()
	defer fd.rd.lock.Unlock()
	c, err := fd.nextChunk()
	if err != nil {
		return err
	}
	*b = Buffer{b: c.b, from: fd}
	if c.bufs != nil {
		b.bufs, b.lease = c.bufs, c.bufs.Lease(c.id)
	} else {
		b.heap, b.lease = c.heap, c.heap.Lease()
	}
	return nil
}

// nextChunk waits for a chunk. rd.lock is held.
func (fd *FD) nextChunk() (chunk, error) {
	for {
		switch {
		case fd.life.closed():
			return chunk{}, fd.closing
		case fd.ev.Load() != nil:
			return chunk{}, errServed
		case fd.rd.expired.Load():
			return chunk{}, os.ErrDeadlineExceeded
		}
		if fd.arm != nil {
			if c, err, done := fd.chunkArmed(); done {
				return c, err
			}
			continue
		}
		if fd.rd.state.Load() == ready || fd.asks.Load() {
			if c, err, done := fd.chunk(); done {
				return c, err
			}
		}
		if err := fd.wait(&fd.rd); err != nil {
			return chunk{}, err
		}
	}
}

// chunkArmed is one step of nextChunk. done is false if it has to go on.
func (fd *FD) chunkArmed() (c chunk, err error, done bool) {
	fd.rd.clear()
	fd.mu.Lock()
	a := fd.arm
	switch {
	case fd.closing != nil:
	case len(a.queue) > 0:
		c, done = a.queue[0], true
		a.queue = append(a.queue[:0], a.queue[1:]...)
	case a.end != nil:
		err, done = a.end, true
		a.end = nil
	case a.ring == nil && (a.off || a.direct):
		fd.mu.Unlock()
		done, failed := fd.once(func() (ok bool) {
			c, err, ok = fd.chunk()
			return ok
		})
		return c, cmp.Or(failed, err), done
	default:
		fd.waitArmed()
	}
	fd.mu.Unlock()
	return c, err, done
}

// chunk is recv into an elastic buffer.
func (fd *FD) chunk() (c chunk, err error, done bool) {
	size := fd.p.cfg.BufferSize
	heap := fd.p.elastic.Get()
	if cap(heap.B) < size {
		heap.B = make([]byte, size)
	}
	n, err, done := fd.recv(heap.B[:size])
	if !done || err != nil {
		fd.p.elastic.Put(heap)
		return chunk{}, err, done
	}
	return chunk{b: heap.B[:n], heap: heap}, nil, true
}

// takeBack implements lender.
func (fd *FD) takeBack(b *Buffer) {
	if b.bufs == nil {
		fd.p.elastic.Return(b.heap, b.lease)
		return
	}
	if !b.bufs.Return(b.lease) {
		return
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.arm != nil {
		fd.arm.held--
	}
}
