package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// entry is a line that is not shipped yet.
type entry struct {
	line
	file *identity
}

// shipper sends lines, and those again that were on their way when a connection
// was lost.
type shipper struct {
	cfg *config
	p   *progress
	log *slog.Logger

	mu    sync.Mutex
	queue []entry // not shipped, oldest first; from head on
	head  int
	sent  int      // of these, how many the present connection was given
	pos   position // up to where all is shipped
	moved bool     // pos was since it was taken to be saved
}

func newShipper(cfg *config, at *position, p *progress, log *slog.Logger) *shipper {
	s := &shipper{cfg: cfg, p: p, log: log}
	if at != nil {
		s.pos = *at
	}
	s.pos.Path = cfg.file
	return s
}

// firstPause is how long it waits before it connects again; it doubles.
const firstPause = 50 * time.Millisecond

// run ships until there is no more, or until ctx ends.
func (s *shipper) run(ctx context.Context, in <-chan batch) error {
	pause := firstPause
	for {
		if s.waiting() == 0 && !s.take(ctx, in) {
			return ctx.Err()
		}
		before := s.p.shipped.Load()
		err := s.session(ctx, in)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if s.p.shipped.Load() > before {
			pause = firstPause
		}
		s.p.lost.Add(1)
		jittered := pause/2 + rand.N(pause/2+1)
		s.log.Warn("connection lost", "to", s.cfg.to, "error", err, "again_in", jittered.Round(time.Millisecond), "waiting", s.waiting())
		if err := sleep(ctx, jittered); err != nil {
			return err
		}
		pause = min(2*pause, s.cfg.maxPause)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take waits for a batch. It returns false at the end.
func (s *shipper) take(ctx context.Context, in <-chan batch) bool {
	select {
	case b, ok := <-in:
		s.push(b)
		return ok
	case <-ctx.Done():
		return false
	}
}

// session ships over one connection. It returns nil when all is shipped.
func (s *shipper) session(ctx context.Context, in <-chan batch) error {
	l, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, l.Abort)()
	defer l.Abort()
	s.rewind()
	for {
		if err := s.sendAll(l); err != nil {
			return err
		}
		more, err := s.more(l, in)
		if err != nil {
			return err
		}
		if !more {
			return l.Close()
		}
	}
}

// sendAll gives the connection all that it was not given yet.
func (s *shipper) sendAll(l link) error {
	for {
		msg, ok := s.unsent()
		if !ok {
			return nil
		}
		if err := l.Send(msg); err != nil {
			return err
		}
	}
}

// more gets a batch. Before it waits for one, it has everything sent.
func (s *shipper) more(l link, in <-chan batch) (bool, error) {
	select {
	case b, ok := <-in:
		s.push(b)
		return ok, nil
	default:
	}
	if err := l.Flush(); err != nil {
		return false, err
	}
	select {
	case b, ok := <-in:
		s.push(b)
		return ok, nil
	case <-l.Done():
		return false, l.Err()
	}
}

func (s *shipper) push(b batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.head > 0 && len(s.queue)+len(b.lines) > cap(s.queue) {
		n := copy(s.queue, s.queue[s.head:])
		clear(s.queue[n:])
		s.queue, s.head = s.queue[:n], 0
	}
	for _, l := range b.lines {
		s.queue = append(s.queue, entry{l, b.file})
	}
	s.p.waiting.Store(int64(len(s.queue) - s.head))
}

// unsent returns the next line for the connection.
func (s *shipper) unsent() ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.head+s.sent == len(s.queue) {
		return nil, false
	}
	s.sent++
	return s.queue[s.head+s.sent-1].msg, true
}

// rewind has a new connection begin with the oldest line.
func (s *shipper) rewind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = 0
}

// shipped notes that the oldest n lines are.
func (s *shipper) shipped(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bytes := 0
	for i := range s.queue[s.head : s.head+n] {
		e := &s.queue[s.head+i]
		bytes += len(e.msg)
		if e.file != nil {
			s.pos.identity, s.pos.Offset, s.moved = *e.file, e.end, true
		}
		*e = entry{}
	}
	s.head += n
	s.sent -= n
	s.p.shipped.Add(int64(n))
	s.p.bytes.Add(int64(bytes))
	s.p.waiting.Store(int64(len(s.queue) - s.head))
}

// waiting is how many lines are read and not shipped.
func (s *shipper) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) - s.head
}

// position returns the position if it has moved since the last time.
func (s *shipper) position() (position, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved := s.moved
	s.moved = false
	return s.pos, moved
}

// unsaved has the position come again: it could not be saved.
func (s *shipper) unsaved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = true
}
