package load

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// SenderOptions say what a Sender sends.
type SenderOptions struct {
	Conns int
	// Unit is the length of an operation: of a message.
	Unit int
	// Chunk is how much one send passes to the kernel: a multiple of Unit.
	Chunk int
	// Limit, if not 0, is after how many bytes a run ends, and not after its
	// time.
	Limit int
	// Rate, if not 0, is how many chunks a second are sent, on the connections
	// in turn; else as many as the server takes.
	Rate int
	// Received asks the server how many bytes it has received in all.
	Received func() (uint64, error)
	Spin     bool
}

// Sender sends bytes one way. A run ends when the server has received all that
// was sent, and that time counts, but for a sender with a rate.
type Sender struct {
	flows
	o     SenderOptions
	chunk []byte
	sent  uint64 // in all runs
	next  int    // connection whose turn it is, with a rate
}

// NewSender connects a Sender.
func NewSender(addr string, o SenderOptions) (*Sender, error) {
	if o.Unit < 1 || o.Chunk < o.Unit || o.Chunk%o.Unit != 0 || o.Limit%o.Unit != 0 {
		return nil, fmt.Errorf("chunks of %d bytes and a limit of %d for units of %d", o.Chunk, o.Limit, o.Unit)
	}
	f, err := newFlows(addr)
	if err != nil {
		return nil, err
	}
	s := &Sender{flows: f, o: o, chunk: newPattern(o.Chunk)[:o.Chunk]}
	s.Spin = o.Spin
	if err := s.dial(o.Conns); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Run sends for d, or up to the limit, and waits until all has arrived.
func (s *Sender) Run(d time.Duration) (Slice, error) {
	begin := time.Now()
	var n int
	var err error
	if s.o.Rate > 0 {
		n, err = s.paced(begin, d)
	} else {
		n, err = s.saturate(begin, d)
	}
	s.sent += uint64(n)
	if err != nil {
		return Slice{}, err
	}
	sending := time.Since(begin)
	if err := s.settle(); err != nil {
		return Slice{}, err
	}
	length := time.Since(begin)
	count := units(n, s.o.Unit)
	slice := Slice{Requests: count, Total: count, Length: length, Drain: length - sending}
	if s.o.Rate > 0 { // what is of interest is whether the rate was held
		slice.Length = sending
	}
	return slice, nil
}

// saturate sends whenever there is room.
func (s *Sender) saturate(begin time.Time, d time.Duration) (n int, err error) {
	if err := s.want(unix.EPOLLOUT); err != nil {
		return 0, err
	}
	taken := 0 // of chunks that were begun
	for busy := len(s.conns); busy > 0; {
		if tooLong(begin, d) {
			return n, fmt.Errorf("the server takes no more: %d connections wait", busy)
		}
		events, err := s.poll()
		if err != nil {
			return n, err
		}
		over := s.o.Limit == 0 && time.Since(begin) >= d
		for _, ev := range events {
			x := &s.conns[ev.Fd]
			if ev.Events&^unix.EPOLLOUT != 0 {
				return n, errHungUp
			}
			if len(x.rest) == 0 {
				if over || s.o.Limit > 0 && taken >= s.o.Limit {
					busy--
					if err := s.wantOne(int(ev.Fd), 0); err != nil {
						return n, err
					}
					continue
				}
				x.rest = s.chunk
				if s.o.Limit > 0 {
					x.rest = x.rest[:min(len(x.rest), s.o.Limit-taken)]
				}
				taken += len(x.rest)
			}
			m, err := x.push()
			if err != nil {
				return n, err
			}
			n += m
		}
	}
	return n, nil
}

// push sends what the kernel takes of the chunk that was begun.
func (x *flow) push() (int, error) {
	n, errno := rawWrite(x.fd, x.rest)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, os.NewSyscallError("write", errno)
	}
	x.rest = x.rest[n:]
	x.served += uint64(n)
	return n, nil
}

// pacedNap is how long a paced sender sleeps between looks at its clock.
const pacedNap = 100 * time.Microsecond

// paced sends chunks as the clock says they are due.
func (s *Sender) paced(begin time.Time, d time.Duration) (n int, err error) {
	total := Due(d, s.o.Rate)
	for sent := 0; sent < total; {
		now := time.Since(begin)
		if now > d+drainLimit {
			return n, fmt.Errorf("%d of %d chunks were sent in %v", sent, total, now)
		}
		for due := min(total, Due(now, s.o.Rate)); sent < due; sent++ {
			x := &s.conns[s.next]
			x.rest = s.chunk
			m, err := x.push()
			if err != nil {
				return n, err
			}
			if len(x.rest) > 0 {
				return n + m, errors.New("the server does not keep up: no room for a message on a connection")
			}
			n += m
			s.next = (s.next + 1) % len(s.conns)
		}
		if !s.Spin {
			nap := unix.NsecToTimespec(int64(pacedNap))
			_ = unix.Nanosleep(&nap, nil)
		}
	}
	return n, nil
}

// Due is how many of rate operations a second are due after d.
func Due(d time.Duration, rate int) int {
	return int(float64(d) * float64(rate) / float64(time.Second))
}

// settle waits until the server has received everything.
func (s *Sender) settle() error {
	for begin := time.Now(); ; time.Sleep(500 * time.Microsecond) {
		got, err := s.o.Received()
		if err != nil {
			return err
		}
		if got == s.sent {
			return nil
		}
		if got > s.sent || time.Since(begin) > drainLimit {
			return fmt.Errorf("the server says it received %d bytes of %d", got, s.sent)
		}
	}
}
