package poller

import "sync"

// callers are those who have tasks.
type callers struct {
	mu      sync.Mutex
	n       int           // guarded by mu
	closing bool          // guarded by mu
	gone    chan struct{} // guarded by mu: gets a token when n falls to 0, once somebody waits
}

// enter lets a caller make tasks until leave.
func (c *callers) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return ErrClosed
	}
	c.n++
	return nil
}

func (c *callers) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.gone != nil {
		c.gone <- struct{}{}
		c.gone = nil
	}
}

// end refuses callers from now on. It returns false if none is left, else gone gets a
// token when the last has left.
func (c *callers) end(gone chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.n > 0 {
		c.gone = gone
	}
	return c.n > 0
}

func (c *callers) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}
