package uringnet

import (
	"io"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// stdEvents serves events on a connection that the standard library carries: a
// goroutine reads and calls the handler; another, started by the first Write
// from elsewhere, sends what it may have to wait for.
type stdEvents struct {
	c *EventConn

	mu       sync.Mutex
	changed  sync.Cond // paused, out or closed changed
	paused   bool
	closed   bool
	inData   bool // the reader sends what the handler writes
	sending  bool // somebody is in the connection's Write
	writer   bool // the writing goroutine runs
	out      []byte
	pending  int // bytes in the connection's Write
	bound    int // how much may be pending before push refuses more
	refused  bool
	told     bool // Closed is called, or was
	writeErr error

	calls sync.Mutex // held while the handler is called; above mu
}

// The limits of poller's event-driven FDs.
const (
	stdReadSize    = 16 << 10
	stdMaxOut      = 1 << 20
	stdMaxPending  = 64 << 20
	stdCloseLinger = 5 * time.Second
)

func newStdEvents(c *EventConn) *stdEvents {
	s := &stdEvents{c: c, bound: stdMaxPending}
	s.changed.L = &s.mu
	return s
}

// read is the connection's goroutine.
func (s *stdEvents) read() {
	s.c.h.Opened(s.c)
	err := s.readAll()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		_ = s.c.conn.std.SetWriteDeadline(time.Now().Add(stdCloseLinger))
	}
	s.changed.Broadcast()
	s.told = true
	s.mu.Unlock()
	s.calls.Lock()
	s.c.h.Closed(s.c, err)
	s.calls.Unlock()
	s.hangUp()
}

// readAll passes on what is read until the connection ends.
func (s *stdEvents) readAll() error {
	b := make([]byte, stdReadSize)
	for {
		if err := s.mayPass(true); err != nil {
			return err
		}
		n, err := s.c.conn.std.Read(b)
		if n > 0 {
			// A Pause or Close that came during the Read holds these back too. A
			// Write that failed does not: they are the last.
			if err := s.mayPass(false); err != nil {
				return err
			}
			s.setInData(true)
			s.calls.Lock()
			s.c.h.Data(s.c, b[:n])
			s.calls.Unlock()
			s.setInData(false)
			s.flush()
		}
		if err == io.EOF {
			return err
		}
		if err != nil {
			if cerr := s.mayPass(true); cerr != nil { // Close has interrupted the Read
				return cerr
			}
			return err
		}
	}
}

// mayPass waits while the handler is not to be called. more says that nothing has
// been read yet, so that a Write that failed is the end.
func (s *stdEvents) mayPass(more bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// (What is left of the output stays when a Write has failed.)
	for (s.paused || len(s.out) > stdMaxOut && s.writeErr == nil) && !s.closed {
		s.changed.Wait()
	}
	if s.closed {
		return s.c.conn.fail("read", "read", poller.ErrClosed)
	}
	if more {
		return s.writeErr
	}
	return nil
}

func (s *stdEvents) setInData(in bool) {
	s.mu.Lock()
	s.inData = in
	s.mu.Unlock()
}

func (s *stdEvents) setPaused(paused bool) {
	s.mu.Lock()
	s.paused = paused
	s.changed.Broadcast()
	s.mu.Unlock()
}

func (s *stdEvents) setPending(bytes int) {
	s.mu.Lock()
	s.bound = bytes
	s.mu.Unlock()
}

func (s *stdEvents) buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out) + s.pending
}

// push queues b and sees to it that somebody sends it.
func (s *stdEvents) push(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.c.conn.fail("write", "write", poller.ErrClosed)
	}
	if s.writeErr != nil {
		return s.writeErr
	}
	if n := len(s.out) + s.pending; n > 0 && n+len(b) > s.bound {
		s.refused = true
		return s.c.conn.fail("write", "write", ErrPending)
	}
	s.out = append(s.out, b...)
	if !s.inData && !s.writer {
		s.writer = true
		go s.write()
	}
	return nil
}

// write is the writing goroutine: it sends until nothing is left.
func (s *stdEvents) write() {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer = false
	if len(s.out) > 0 && s.writeErr == nil {
		s.writer = true
		go s.write()
	}
}

// flush sends what was pushed. Only one goroutine does at a time.
func (s *stdEvents) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.sending {
		s.changed.Wait()
	}
	for len(s.out) > 0 && s.writeErr == nil {
		b := s.out
		s.out, s.pending, s.sending = nil, len(b), true
		s.mu.Unlock()
		_, err := s.c.conn.std.Write(b)
		s.mu.Lock()
		s.pending, s.sending = 0, false
		if err != nil {
			s.writeErr = err
		}
		s.changed.Broadcast()
		s.tellWritable()
	}
}

// tellWritable calls Writable when half of what made push refuse has gone. mu is held,
// but during the call.
func (s *stdEvents) tellWritable() {
	if !s.refused || s.closed || len(s.out)+s.pending > s.bound/2 {
		return
	}
	s.refused = false
	s.mu.Unlock()
	s.calls.Lock()
	s.mu.Lock()
	told := s.told
	s.mu.Unlock()
	if !told {
		tellWritable(s.c.h, s.c)
	}
	s.calls.Unlock()
	s.mu.Lock()
}

// close ends the reading; the reader closes the connection.
func (s *stdEvents) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return poller.ErrClosed
	}
	s.closed = true
	s.changed.Broadcast()
	_ = s.c.conn.std.SetReadDeadline(time.Unix(1, 0)) // a Read that waits
	_ = s.c.conn.std.SetWriteDeadline(time.Now().Add(stdCloseLinger))
	return nil
}

// hangUp sends what is left and closes the connection.
func (s *stdEvents) hangUp() {
	s.flush()
	_ = s.c.owner.Close()
}
