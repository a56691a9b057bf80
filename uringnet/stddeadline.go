package uringnet

import (
	"sync"
	"time"
)

// stdSides is what a connection that the standard library carries needs so that
// a chain's steps run on it as on a ring: other calls wait, and the connection's
// deadlines do not act.
type stdSides struct{ read, write stdSide }

type stdSide struct {
	busy sync.Mutex // held by a Read or a step; above mu

	mu   sync.Mutex
	at   time.Time // guarded by mu: the user's deadline
	step bool      // guarded by mu: a step runs, with a deadline of its own
}

// set is a SetReadDeadline or SetWriteDeadline of the user's. During a step it is
// only noted.
func (s *stdSide) set(t time.Time, apply func(time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.step {
		if err := apply(t); err != nil {
			return err
		}
	}
	s.at = t
	return nil
}

// begin lets a step use the side, for as long as within says; 0 means forever.
func (s *stdSide) begin(within time.Duration, apply func(time.Time) error) {
	s.busy.Lock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step = true
	var t time.Time
	if within > 0 {
		t = time.Now().Add(within)
	}
	_ = apply(t) // what fails on a closed connection, the step tells
}

// end gives the side back, with the user's deadline.
func (s *stdSide) end(apply func(time.Time) error) {
	s.mu.Lock()
	s.step = false
	_ = apply(s.at)
	s.mu.Unlock()
	s.busy.Unlock()
}

// stdRead and stdWrite are Read and Write of a connection that the standard
// library carries.
func (c *conn) stdRead(b []byte) (int, error) {
	c.sides.read.busy.Lock()
	defer c.sides.read.busy.Unlock()
	return c.std.Read(b)
}

func (c *conn) stdWrite(b []byte) (int, error) {
	c.sides.write.busy.Lock()
	defer c.sides.write.busy.Unlock()
	return c.std.Write(b)
}

func (c *conn) setStdRead(t time.Time) error {
	return c.sides.read.set(t, c.std.SetReadDeadline)
}

func (c *conn) setStdWrite(t time.Time) error {
	return c.sides.write.set(t, c.std.SetWriteDeadline)
}
