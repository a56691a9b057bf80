package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// A testLog keeps what is logged, and gives it to the test if that fails.
type testLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func newTestLog(t *testing.T) *testLog {
	l := new(testLog)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log, its end:\n%s", l.tail(4000))
		}
	})
	return l
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *testLog) has(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), what)
}

func (l *testLog) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.text.String()
	return s[max(0, len(s)-n):]
}

func (l *testLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// openStore opens a store that is closed when the test ends, if not before.
func openStore(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.BatchDelay = 100 * time.Microsecond
	s, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A waiter is told that something is stored.
type waiter chan error

func (w waiter) Stored(_ uint64, err error) { w <- err }

// put stores messages in one batch, if they fit, and returns when they are stored.
func put(t *testing.T, s *store.Store, msgs ...string) {
	t.Helper()
	metas := make([]store.Meta, len(msgs))
	for i := range metas {
		metas[i] = store.Meta{Severity: 6, Facility: 16}
	}
	putMeta(t, s, metas, msgs)
}

func putMeta(t *testing.T, s *store.Store, metas []store.Meta, msgs []string) {
	t.Helper()
	l := s.Lane(0)
	for i := 0; i < len(msgs); {
		done := make(waiter, 1)
		l.Begin()
		last, ok := uint64(0), true
		for ; i < len(msgs); i++ {
			var seq uint64
			if seq, ok = l.Append(metas[i], []byte(msgs[i])); !ok {
				break
			}
			last = seq
		}
		if last != 0 {
			l.Await(last, done)
		}
		l.End()
		if last != 0 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if !ok && l.Wait() != nil {
			t.Fatal("the store is closed")
		}
	}
}

// numbered are n messages of a sender.
func numbered(sender string, from, n int) (msgs []string) {
	for i := range n {
		msgs = append(msgs, fmt.Sprintf("<134>1 2026-01-01T00:00:00Z %s app - - - %d", sender, from+i))
	}
	return msgs
}

// testOptions are a Sink's, with short pauses.
func testOptions(t *testing.T, url, dir string, log *testLog) Options {
	t.Helper()
	c, err := Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Config: c, Dir: dir, Logger: log.logger(), retryMin: 2 * time.Millisecond, retryMax: 20 * time.Millisecond,
		keepEvery: 5 * time.Millisecond,
	}
}

// startSink starts a Sink that is stopped when the test ends, if not before.
func startSink(t *testing.T, s *store.Store, o Options) *Sink {
	t.Helper()
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Start(s); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopSink(t, k, 0) })
	return k
}

// stopSink stops a Sink, which has that long to finish.
func stopSink(t *testing.T, k *Sink, grace time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := k.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// A fakeTarget takes messages as a test wants.
type fakeTarget struct {
	mu       sync.Mutex
	down     error                          // of open
	verdict  func(m *message) (error, bool) // what becomes of a message; false: nothing yet
	got      []string                       // messages taken
	ids      []string
	waiting  []*message
	opened   int
	sessions []func(error)
	tolerant bool
}

type fakeSession struct {
	*fakeTarget
	ended chan struct{}
	once  sync.Once
}

func (f *fakeTarget) open(_ context.Context, fail func(error)) (session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	if f.down != nil {
		return nil, f.down
	}
	f.sessions = append(f.sessions, fail)
	return &fakeSession{fakeTarget: f, ended: make(chan struct{})}, nil
}

func (s *fakeSession) send(_ context.Context, m *message) error {
	s.mu.Lock()
	err, decided := error(nil), true
	if s.verdict != nil {
		err, decided = s.verdict(m)
	}
	if !decided {
		s.waiting = append(s.waiting, m)
	} else if err == nil {
		s.take(m)
	}
	s.mu.Unlock()
	if decided {
		m.done(err)
	}
	return nil
}

// take notes a message. The lock is held.
func (f *fakeTarget) take(m *message) {
	f.got = append(f.got, string(m.Msg))
	f.ids = append(f.ids, m.id())
}

func (s *fakeSession) flush() error  { return nil }
func (s *fakeSession) patient() bool { return s.tolerant }
func (s *fakeSession) close()        { s.once.Do(func() { close(s.ended) }) }

// set changes the target.
func (f *fakeTarget) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// taken are the messages that were taken so far.
func (f *fakeTarget) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

// await waits until the target has n messages, and returns them.
func (f *fakeTarget) await(t *testing.T, n int) []string {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages", n), func() bool { return len(f.taken()) >= n })
	return f.taken()
}

// want fails unless the messages taken are these.
func want(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		t.Errorf("%d messages, want %d; the first that differs is number %d: %.200q", len(got), len(want), i, got[i:])
	}
}

var errTest = errors.New("the test says so")
