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
	track *track
}

// shipper sends lines, and those again that were on their way when a connection
// was lost.
type shipper struct {
	cfg    *config
	tracks *tracks
	p      *progress
	log    *slog.Logger
	server int // of cfg.servers: the one to connect to; run's goroutine only

	mu    sync.Mutex // before that of tracks
	queue []entry    // not shipped, oldest first; from head on
	head  int
	sent  int // of these, how many the present connection was given
}

func newShipper(cfg *config, t *tracks, p *progress, log *slog.Logger) *shipper {
	return &shipper{cfg: cfg, tracks: t, p: p, log: log}
}

// firstPause is how long it waits before it connects again; it doubles.
const firstPause = 50 * time.Millisecond

// run ships until there is no more, or until ctx ends. When a connection is lost,
// the next server gets what was not acknowledged; after each round of them that
// shipped nothing there is a pause.
func (s *shipper) run(ctx context.Context, in <-chan batch) error {
	pause, failed := firstPause, 0
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
			pause, failed = firstPause, 0
		}
		failed++
		wait := time.Duration(0)
		if failed%len(s.cfg.servers) == 0 {
			wait = pause/2 + rand.N(pause/2+1)
			pause = min(2*pause, s.cfg.maxPause)
		}
		s.next(err, wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// next goes over to the next server.
func (s *shipper) next(err error, wait time.Duration) {
	s.p.lost.Add(1)
	lost := s.cfg.servers[s.server].text
	s.server = (s.server + 1) % len(s.cfg.servers)
	s.log.Warn("connection lost", "to", lost, "error", err, "next", s.cfg.servers[s.server].text,
		"again_in", wait.Round(time.Millisecond), "waiting", s.waiting())
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
		s.queue = append(s.queue, entry{l, b.track})
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
	bytes, done := 0, s.queue[s.head:s.head+n]
	for i := range done {
		bytes += len(done[i].msg)
	}
	s.tracks.shipped(done)
	clear(done)
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
