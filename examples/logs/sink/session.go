package sink

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A target is where messages go.
type target interface {
	// open connects. fail ends the session, and may be called at any time by any goroutine.
	open(ctx context.Context, fail func(error)) (session, error)
}

// A session is a connection to a target. send and flush are called by one goroutine.
type session interface {
	// send begins to send a message, whose done is called later. It may wait, until
	// close. An error ends the session.
	send(ctx context.Context, m *message) error
	// flush has what send has begun leave soon.
	flush() error
	// patient says that the session tries again by itself when the target does not
	// answer: ending it would be worse.
	patient() bool
	// close ends the session at once. It is called by any goroutine, several times.
	close()
}

// An attempt is a session with what it has outstanding.
type attempt struct {
	sink   *Sink
	ledger *ledger
	rewind bool // what is done counts for nothing; under Sink.mu
	link   session
	fail   context.CancelCauseFunc
	slow   bool // said that nothing is acknowledged; keep's
}

// errSilent is a target that does not acknowledge anything.
var errSilent = errors.New("the target has acknowledged nothing for too long")

// run has one session after the other until the Sink is stopped.
func (s *Sink) run() {
	pause := s.opts.retryMin
	for {
		delivered := s.counts.delivered.Load()
		err := s.attempt()
		s.orderly = err == nil
		if err == nil || s.hard.Err() != nil || s.soft.Err() != nil {
			return
		}
		if s.counts.delivered.Load() > delivered {
			pause = s.opts.retryMin
		}
		jittered := jitter(pause)
		pause = min(2*pause, s.opts.retryMax)
		s.counts.failures.Add(1)
		s.log.Warn("sink: not connected", "error", err, "again_in", jittered.Round(time.Millisecond))
		select {
		case <-time.After(jittered):
		case <-s.soft.Done():
			return
		}
	}
}

// jitter is between half of a pause and all of it.
func jitter(pause time.Duration) time.Duration { return pause/2 + rand.N(pause/2+1) }

// attempt has one session. It returns nil if it has sent all that was stored when the
// Sink was stopped.
func (s *Sink) attempt() error {
	ctx, fail := context.WithCancelCause(s.hard)
	defer fail(nil)
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	link, err := s.target.open(opening, fail)
	cancel()
	if err != nil {
		return err
	}
	a := &attempt{sink: s, ledger: newLedger(s.opts.Window, s.opts.WindowBytes, s.left, s.commit, &s.counts.delay), link: link, fail: fail}
	defer link.close()
	defer context.AfterFunc(ctx, link.close)()
	s.connected(a)
	err = a.follow(ctx)
	if err == nil {
		err = a.ledger.wait(ctx)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // says more
	}
	s.disconnected(a)
	return err
}

func (s *Sink) connected(a *attempt) {
	s.mu.Lock()
	s.current = a
	at := s.at.Position
	s.mu.Unlock()
	s.counts.connected.Store(1)
	s.log.Info("sink: connected", "to", s.opts.Config.String(), "segment", at.Segment, "offset", at.Offset)
}

// disconnected ends an attempt: nothing of it is committed any more.
func (s *Sink) disconnected(a *attempt) {
	if n := a.ledger.close(); n > 0 {
		s.counts.retried.Add(uint64(n))
		s.counts.uncertain.Store(true)
	}
	s.left = a.ledger.left()
	s.mu.Lock()
	s.current = nil
	if a.rewind {
		s.left = nil
	}
	s.mu.Unlock()
	s.counts.connected.Store(0)
}

// follow sends what is stored. It returns nil when the Sink is stopped and it has sent
// all.
func (a *attempt) follow(ctx context.Context) error {
	s := a.sink
	f := s.store.Follow(s.committed())
	defer f.Close()
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.soft, cancel)()
	for ctx.Err() == nil {
		from := f.Position()
		var e *entry
		index := 0
		err := f.Next(stop, func(r store.Record) error {
			if e == nil {
				e = a.ledger.begin(&r)
			}
			index++
			if a.ledger.skip(e, index-1, r.Received) {
				return nil
			}
			return a.send(ctx, e, index-1, r)
		})
		damaged := isDamage(err)
		if damaged && e == nil {
			e = a.ledger.begin(&store.Record{}) // so that what is passed over is committed
		}
		if e != nil && (err == nil || damaged) {
			s.counts.read(f.Position().Offset-from.Offset, e.records)
			a.ledger.seal(e, f.Position())
		}
		switch {
		case damaged:
			s.damage(from, f.Position(), err)
		case err != nil && s.soft.Err() != nil && ctx.Err() == nil && errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		}
		if err := a.link.flush(); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// isDamage reports whether a Follower's error says that it goes on behind something.
func isDamage(err error) bool {
	return errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrTorn) || errors.Is(err, store.ErrGap)
}

// send begins to send a record.
func (a *attempt) send(ctx context.Context, e *entry, index int, r store.Record) error {
	if err := a.ledger.take(ctx, e, len(r.Msg), r.Received, a.link.flush); err != nil {
		return err
	}
	m := &message{Record: r, index: index, entry: e, session: a}
	m.Msg = append(make([]byte, 0, len(r.Msg)), r.Msg...)
	a.sink.counts.sent.Add(1)
	return a.link.send(ctx, m)
}

// finish is what message.done does, once.
func (a *attempt) finish(m *message, err error) {
	var refused *refusal
	if errors.As(err, &refused) {
		if err = a.sink.bury(m, refused.err); err == nil {
			a.sink.counts.refused.Add(1)
		}
	}
	if err != nil {
		a.fail(err)
		return
	}
	a.ledger.done(m)
}

// bury writes a message to the dead letters. An error says that this failed.
func (s *Sink) bury(m *message, why error) error {
	now := time.Now()
	s.mu.Lock()
	err := s.dead.add(m, why, now)
	path := s.dead.path
	say, muted := s.said.allow(now)
	s.mu.Unlock()
	if err != nil {
		return errors.Join(errors.New("writing dead letters"), err)
	}
	if say {
		s.log.Error("sink: the target refuses a log for ever; it is passed over", "id", m.id(), "error", why, "dead_letters", path, "not_said_before", muted)
	}
	return nil
}

// A limiter lets ten through in a second.
type limiter struct {
	since  time.Time
	passed int
	muted  int
}

// allow reports whether one more may pass, and how many have not since the last that did.
func (l *limiter) allow(now time.Time) (ok bool, muted int) {
	if now.Sub(l.since) >= time.Second {
		l.since, l.passed = now, 0
	}
	if l.passed >= 10 {
		l.muted++
		return false, 0
	}
	l.passed++
	muted, l.muted = l.muted, 0
	return true, muted
}
