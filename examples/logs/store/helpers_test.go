package store

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// open opens a store for a test, which closes it at the end if it has not.
func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.retryMin == 0 {
		o.retryMin, o.retryMax = time.Millisecond, 10*time.Millisecond
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// closeStore closes a store that has nothing to complain about.
func closeStore(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// A waiterFunc is a function as a Waiter.
type waiterFunc func(seq uint64, err error)

func (f waiterFunc) Stored(seq uint64, err error) { f(seq, err) }

// store appends one message and returns what its Waiter was told.
func (s *Store) store(t *testing.T, msg string) error {
	t.Helper()
	got := make(chan error, 1)
	s.begin(t, msg, got)
	select {
	case err := <-got:
		return err
	case <-time.After(patience):
		t.Fatalf("%q was not stored", msg)
		return nil
	}
}

// begin appends one message and sends on got what its Waiter is told.
func (s *Store) begin(t *testing.T, msg string, got chan<- error) {
	t.Helper()
	l := s.Lane(0)
	l.Begin()
	defer l.End()
	seq, ok := l.Append(Meta{Severity: 6}, []byte(msg))
	if !ok {
		t.Fatalf("no room for %q", msg)
	}
	l.Await(seq, waiterFunc(func(_ uint64, err error) { got <- err }))
}

// messages returns all of a directory, and the error of the scan.
func messages(dir string) (msgs []string, err error) {
	err = new(Scanner).Dir(dir, func(r Record) error {
		msgs = append(msgs, string(r.Msg))
		return nil
	})
	return msgs, err
}

// wantMessages fails unless the directory has these messages and no damage.
func wantMessages(t *testing.T, dir string, want ...string) {
	t.Helper()
	got, err := messages(dir)
	if err != nil {
		t.Errorf("scan: %v", err)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %d messages %.200q, want %d %.200q", len(got), got, len(want), want)
	}
}

// A producer appends numbered messages to a lane and notes which are
// acknowledged.
type producer struct {
	name string
	lane *Lane
	rand *rand.Rand

	mu    sync.Mutex
	seqs  []uint64 // by message
	acked uint64   // greatest seq acknowledged
	told  uint64   // greatest seq that Stored was called for
	err   error
}

func newProducer(s *Store, lane int, name string) *producer {
	return &producer{
		name: name, lane: s.Lane(lane), rand: rand.New(rand.NewPCG(uint64(lane), 7)),
	}
}

// Stored is called in order, and for nothing after a failure.
func (p *producer) Stored(seq uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq <= p.told {
		p.err = errors.Join(p.err, fmt.Errorf("%s: batch %d reported after %d", p.name, seq, p.told))
	}
	p.told = seq
	if err == nil {
		p.acked = seq
	}
}

// message is what the producer sends as its i-th.
func (p *producer) message(i int) []byte {
	pad := p.rand.IntN(200)
	return fmt.Appendf(nil, "%s %08d %s", p.name, i, strings.Repeat("log data, ", 20)[:pad])
}

// run appends up to n messages, fewer if the store is closed.
func (p *producer) run(n int) {
	var last uint64
	msg := p.message(0)
	for i := 0; i < n; {
		p.lane.Begin()
		p.mu.Lock()
		ok := true
		for chunk := 1 + p.rand.IntN(50); ok && chunk > 0 && i < n; chunk-- {
			var seq uint64
			if seq, ok = p.lane.Append(Meta{Severity: uint8(i % 8)}, msg); !ok {
				break
			}
			if seq != last {
				p.lane.Await(seq, p)
				last = seq
			}
			p.seqs = append(p.seqs, seq)
			i++
			msg = p.message(i)
		}
		p.mu.Unlock()
		p.lane.End()
		if !ok && p.lane.Wait() != nil {
			return
		}
	}
}

// acknowledged is the number of messages acknowledged.
func (p *producer) acknowledged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.seqs) && p.seqs[n] <= p.acked {
		n++
	}
	return n
}

// parseMessage is the inverse of message.
func parseMessage(t *testing.T, msg string) (name string, i int) {
	t.Helper()
	if _, err := fmt.Sscanf(msg, "%s %d", &name, &i); err != nil {
		t.Fatalf("message %q: %v", msg, err)
	}
	return name, i
}

// check fails unless of each producer, by name, got begins with at least the
// messages counted, each once, in order.
func check(t *testing.T, got []string, counts map[string]int) {
	t.Helper()
	next := map[string]int{}
	for _, msg := range got {
		name, i := parseMessage(t, msg)
		if i != next[name] {
			t.Fatalf("%s: message %d where %d belongs", name, i, next[name])
		}
		next[name]++
	}
	for name, n := range counts {
		if next[name] < n {
			t.Errorf("%s: %d messages, but %d were acknowledged", name, next[name], n)
		}
	}
}

// produce runs a producer on each lane with n messages each, and returns them
// when they are done.
func produce(s *Store, n int) []*producer {
	var wg sync.WaitGroup
	var ps []*producer
	for i := range s.lanes {
		p := newProducer(s, i, fmt.Sprintf("lane%d", i))
		ps = append(ps, p)
		wg.Go(func() { p.run(n) })
	}
	wg.Wait()
	return ps
}

// checkAll closes the store and fails unless all that was appended was
// acknowledged and is there.
func checkAll(t *testing.T, s *Store, ps []*producer) {
	t.Helper()
	closeStore(t, s)
	counts := map[string]int{}
	for _, p := range ps {
		counts[p.name] = len(p.seqs)
		if n := p.acknowledged(); n != len(p.seqs) || p.err != nil {
			t.Errorf("%s: %d of %d acknowledged, error %v", p.name, n, len(p.seqs), p.err)
		}
	}
	got, err := messages(s.opts.Dir)
	if err != nil {
		t.Errorf("scan: %v", err)
	}
	check(t, got, counts)
	if q, b := s.stats.QueueBatches.Load(), s.stats.QueueBytes.Load(); q != 0 || b != 0 {
		t.Errorf("%d batches of %d bytes queued after Close", q, b)
	}
}
