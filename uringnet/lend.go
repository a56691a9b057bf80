package uringnet

import (
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/uringnet/go-uringnet/poller"
)

// Buffer is received bytes that a connection has lent: see ReadBuffer.
type Buffer = poller.Buffer

// stdLendSize is how much is read at once where the standard library carries
// the connection.
const stdLendSize = 16 << 10

var stdBuffers = sync.Pool{New: func() any { b := make([]byte, stdLendSize); return &b }}

// ReadBuffer waits until bytes have been received and lends them where the
// kernel put them, without copying. They belong to the caller until
// Buffer.Release, which has to be called, also after the connection was closed:
// until then a buffer that all connections of a ring share is missing, and
// counts towards Config.MaxConnBuffers of this one. Errors are Read's; the two may be
// mixed. On a unix connection, descriptors that are sent along are lost.
func (c *conn) ReadBuffer() (*Buffer, error) {
	b := new(Buffer)
	if err := c.lend(b); err != nil {
		return nil, err
	}
	return b, nil
}

// lend is ReadBuffer into a Buffer of the caller's.
func (c *conn) lend(b *Buffer) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd == nil {
		b.Release()
		p := stdBuffers.Get().(*[]byte)
		n, err := c.stdRead(*p)
		if err != nil {
			stdBuffers.Put(p)
			return err
		}
		*b = *poller.NewBuffer((*p)[:n], func() { stdBuffers.Put(p) })
		return nil
	}
	err := c.fd.Lend(b)
	if err != nil && err != io.EOF {
		err = c.fail("read", "read", err)
	}
	return err
}

// bulk is how many full buffers in a row make a stream worth splicing, and how
// many small pieces in a row make it not worth it any more.
const bulk = 4

// pipeTarget is where a pipe can be emptied into inside the kernel.
type pipeTarget interface {
	// takePipe moves n bytes from the pipe and returns how many it took.
	takePipe(pipe, n int) (int, error)
}

// spliceNext is what follows a call of spliceOut.
type spliceNext uint8

const (
	spliceDone  spliceNext = iota // the copy has ended
	spliceAgain                   // bytes were received ahead, or the stream has become a trickle
	spliceNever                   // what remains has to be copied
)

// errNoSplice is returned by spliceFile, to whoever copies then.
var errNoSplice = errors.New("uringnet: cannot be spliced")

// copyOut passes what c receives to w, at most limit bytes if that is not
// negative, until end of file. Bytes that were received and that w refuses are
// lost, as io.Copy loses them; those beyond limit stay.
func copyOut(w io.Writer, c *conn, limit int64) (written int64, err error) {
	var to pipeTarget
	if c.fd != nil {
		to = spliceTarget(w)
	}
	var b Buffer
	defer b.Release()
	full := 0
	for limit != 0 {
		if to != nil && full >= bulk {
			n, next, err := spliceOut(w, to, c, limit)
			written += n
			if limit > 0 {
				limit -= n
			}
			if err != nil || next == spliceDone {
				return written, err
			}
			if full = 0; next == spliceNever {
				to = nil
			}
			continue
		}
		if full > 0 && to == nil && limit < 0 {
			n, err := c.passBulk(w)
			written += n
			if err == io.EOF {
				return written, nil
			}
			if err != nil {
				return written, err
			}
			full = 0
			continue
		}
		n, wasFull, err := c.passOn(w, &b, limit)
		written += int64(n)
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		if limit > 0 {
			limit -= int64(n)
		}
		if full++; !wasFull {
			full = 0
		}
	}
	return written, nil
}

// passOn passes one buffer on, or reads no more than limit bytes if that is
// less than a buffer.
func (c *conn) passOn(w io.Writer, b *Buffer, limit int64) (n int, full bool, err error) {
	if limit > 0 && limit < int64(c.eng.bufferSize()) {
		p := stdBuffers.Get().(*[]byte)
		defer stdBuffers.Put(p)
		n, err = c.Read((*p)[:min(limit, stdLendSize)])
		if n > 0 {
			var werr error
			if n, werr = write(w, (*p)[:n]); werr != nil {
				return n, false, werr
			}
		}
		return n, false, err
	}
	if err := c.lend(b); err != nil {
		return 0, false, err
	}
	n, err = write(w, b.Bytes())
	return n, n >= c.eng.bufferSize(), err
}

// bulkBuffers are what passBulk reads into.
var bulkBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// passBulk copies to w as long as each read brings more than a ring's buffer
// would hold: large reads cost less than lent buffers.
func (c *conn) passBulk(w io.Writer) (written int64, err error) {
	p := bulkBuffers.Get().(*[]byte)
	defer bulkBuffers.Put(p)
	for {
		n, err := c.Read(*p)
		if n > 0 {
			m, werr := write(w, (*p)[:n])
			written += int64(m)
			if werr != nil {
				return written, werr
			}
		}
		if err == io.EOF {
			return written, err
		}
		if err != nil || n < c.eng.bufferSize() {
			return written, err
		}
	}
}

// write is w.Write that is never short without an error.
func write(w io.Writer, b []byte) (int, error) {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// copyIn writes r to w. A connection of this package, or a limited part of one,
// is not copied.
func copyIn(w io.Writer, r io.Reader) (int64, error) {
	limit := int64(-1)
	lr, limited := r.(*io.LimitedReader)
	if limited {
		limit, r = max(lr.N, 0), lr.R
	}
	var src *conn
	switch from := r.(type) {
	case *TCPConn:
		src = &from.conn
	case *UnixConn:
		src = &from.conn
	}
	if src == nil || !src.ok() || src.fd == nil {
		return copyPlain(w, r, lr)
	}
	n, err := copyOut(w, src, limit)
	if limited {
		lr.N -= n
	}
	return n, err
}

// copyPlain writes r to w; if lr is not nil, r is what lr limits. What was read
// of a *File and w did not take is given back to it, as when it is spliced.
func copyPlain(w io.Writer, r io.Reader, lr *io.LimitedReader) (int64, error) {
	f, ok := r.(*File)
	if !ok {
		if lr != nil {
			r = lr
		}
		return io.Copy(writerOnly{w}, r)
	}
	count := &countingReader{r: f}
	var from io.Reader = count
	if lr != nil {
		from = &io.LimitedReader{R: count, N: lr.N}
	}
	n, err := io.Copy(writerOnly{w}, from)
	if unsent := count.n - n; unsent > 0 {
		if _, serr := f.Seek(-unsent, io.SeekCurrent); serr == nil {
			count.n = n
		}
	}
	if lr != nil {
		lr.N -= count.n
	}
	return n, err
}

// countingReader counts what is read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// sendRingFile sends a *File of a ring, or a limited part of one, without
// copying it where that can be done.
func sendRingFile(c *conn, r io.Reader) (n int64, err error, handled bool) {
	limit := int64(-1)
	lr, limited := r.(*io.LimitedReader)
	if limited {
		limit, r = max(lr.N, 0), lr.R
	}
	f, ok := r.(*File)
	if !ok || f.ring == nil {
		return 0, nil, false
	}
	n, err = spliceFile(c, f, limit)
	if limited {
		lr.N -= n
	}
	if err == errNoSplice {
		m, err := copyPlain(c, f, lr)
		return n + m, err, true
	}
	return n, err, true
}
