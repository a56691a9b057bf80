package store

import (
	"sync"
	"sync/atomic"
	"time"
)

// Meta is what is known of a record besides its message.
type Meta struct {
	// Facility is 0 (kernel) to 23 (local7), Severity 0 (emergency) to 7 (debug).
	Facility, Severity uint8
	// Malformed marks a message whose header could not be parsed, Cut one that was
	// longer than what is kept of it, More one that the next record of its session
	// continues.
	Malformed, Cut, More bool
	// Time is the message's own, in Unix nanoseconds; 0: it gave none.
	Time int64
	// Received is when it came, in Unix nanoseconds; 0: now.
	Received int64
	// Host is what the message names as its host, nil if none; it is kept in the
	// segment's Index only, and not after Append has returned.
	Host []byte
	// Source is who sent it, nil if nobody knows. A Source is used for all records of
	// a connection, and not changed.
	Source *Source
}

// Source is who sends records. It is used with one lane.
type Source struct {
	Peer     string // address, as net.Addr.String gives it; "" if there is none (unix sockets)
	Listener string // as it was configured: tcp://127.0.0.1:514
	Subject  string // of the TLS client certificate; "": none

	batch  *batch // in which it was last numbered; under its lane's mu
	seq    uint64 // that batch's, as batches are used again
	number uint64
}

// Waiter is told when a batch is stored.
type Waiter interface {
	// Stored is called once for each Await, from the store's notifier, and must
	// not block. An error means that the batch will not be stored: the store
	// was closed while it could not write. Calls for one lane come in the
	// order of seq.
	Stored(seq uint64, err error)
}

// A Lane is where sessions append. Records of one lane are stored in the order
// in which they were appended. Sessions that run on different cores should use
// different lanes.
type Lane struct {
	s      *Store
	number int

	mu      sync.Mutex
	cur     *batch // takes records; nil if there was no buffer, or no need
	seq     uint64 // of cur, or of the last batch
	full    bool   // cur has no room and could not be replaced
	opened  bool   // cur got its first record between Begin and End
	added   bool   // there was an Append between Begin and End
	closed  bool
	arrived time.Time // of what is being appended; zero: now
	now     int64     // Unix nanoseconds, lazily set; 0: not yet
	waiters []func()  // to be called when there is room

	// begun is whether cur has records. Written with mu held, read by the writer
	// without.
	begun atomic.Bool

	_ [64]byte // lanes are used by different cores
}

// Begin takes the lane. Use one Begin and End for each chunk of records.
func (l *Lane) Begin() { l.BeginAt(time.Time{}) }

// BeginAt is Begin for records that arrived earlier, for Stats.Latency.
func (l *Lane) BeginAt(arrived time.Time) {
	l.mu.Lock()
	l.arrived = arrived
	l.now = 0
}

// Append copies a record into the lane's batch, whose number it returns.
// Numbers rise within a lane. false means that there is no free buffer, or that
// the store was closed: the caller has to call End, and to wait by Wait or
// Notify. A message longer than Store.MaxRecord is cut, and counted as
// oversized. Call it between Begin and End.
func (l *Lane) Append(m Meta, msg []byte) (seq uint64, ok bool) {
	b := l.cur
	if b == nil || l.full || !b.fits(len(msg), m.Source) {
		return l.appendNext(m, msg)
	}
	return l.put(b, m, msg), true
}

// appendNext is Append where another batch may be needed.
func (l *Lane) appendNext(m Meta, msg []byte) (seq uint64, ok bool) {
	whole := len(msg)
	msg = msg[:min(whole, l.s.maxRecord)]
	b := l.next(len(msg), m.Source)
	if b == nil {
		return 0, false
	}
	if whole > len(msg) {
		m.Cut = true
		l.s.stats.Oversized.Add(1)
	}
	if !b.fits(len(msg), m.Source) {
		m.Source = nil // a message that fills a batch
	}
	return l.put(b, m, msg), true
}

// put appends a record to b, which is l.cur and has room.
func (l *Lane) put(b *batch, m Meta, msg []byte) uint64 {
	if m.Received == 0 {
		m.Received = l.clock()
	}
	if b.records == 0 {
		l.open(b)
	}
	l.added = true
	b.add(&m, msg)
	return b.seq
}

// next returns a batch with room for n bytes of src, or nil. A batch without room is
// sealed once there is another; else at End, so that until then Await finds it.
func (l *Lane) next(n int, src *Source) *batch {
	if l.closed {
		return nil
	}
	if l.cur != nil && !l.full && l.cur.fits(n, src) {
		return l.cur
	}
	b := l.s.takeFree()
	if b == nil {
		l.full = l.cur != nil
		return nil
	}
	l.seal()
	l.seq++
	b.lane, b.seq = l, l.seq
	l.cur = b
	return b
}

// open notes when a batch got its first record.
func (l *Lane) open(b *batch) {
	if b.arrived = l.arrived; b.arrived.IsZero() {
		b.arrived = time.Now()
	}
	l.begun.Store(true)
	l.opened = true
}

// clock is the time of arrival of what is being appended.
func (l *Lane) clock() int64 {
	if l.now == 0 {
		if l.arrived.IsZero() {
			l.now = time.Now().UnixNano()
		} else {
			l.now = l.arrived.UnixNano()
		}
	}
	return l.now
}

// seal queues the batch if it has records. The caller holds l.mu.
func (l *Lane) seal() {
	b := l.cur
	if b == nil || b.records == 0 {
		return
	}
	l.cur = nil
	l.full = false
	l.begun.Store(false)
	l.s.enqueue(b)
}

// End gives the lane back and sees to it that what was appended is written.
func (l *Lane) End() {
	if l.full {
		l.seal()
	}
	added, opened := l.added, l.opened
	l.added, l.opened = false, false
	l.mu.Unlock()
	switch {
	case added && l.s.opts.Durability == Group:
		l.s.rouse(false)
	case opened:
		l.s.rouse(true)
	}
}

// Await has w told when batch seq is stored. seq is what an Append since Begin
// returned; call it before End.
func (l *Lane) Await(seq uint64, w Waiter) {
	// If that batch has been sealed since, l.cur is a later one, which is
	// stored after it.
	l.cur.waiters = append(l.cur.waiters, waiting{w, seq})
}

// Wait blocks until Append may succeed. It returns ErrClosed once it never will
// again. Do not call it between Begin and End.
func (l *Lane) Wait() error {
	ch := make(chan struct{})
	l.Notify(func() { close(ch) })
	<-ch
	return l.s.Err()
}

// Notify has f called once, when Append may succeed or the store is closed. f
// is called from the store's notifier, in the order of the calls of Notify, may
// append, and must not block. Do not call Notify between Begin and End.
func (l *Lane) Notify(f func()) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		go f()
		return
	}
	l.waiters = append(l.waiters, f)
	l.s.waiters.Add(1)
	l.mu.Unlock()
	l.s.pokeNotifier()
}

// takeWaiter removes the first waiter if there is room for what it has.
func (l *Lane) takeWaiter() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiters) == 0 || !l.closed && l.cur == nil && !l.s.hasFree() {
		return nil
	}
	f := l.waiters[0]
	l.waiters[0] = nil
	l.waiters = l.waiters[1:]
	l.s.waiters.Add(-1)
	return f
}

// sealBegun seals a batch that has records.
func (l *Lane) sealBegun() {
	if !l.begun.Load() {
		return
	}
	l.mu.Lock()
	if l.begun.Load() {
		l.seal()
	}
	l.mu.Unlock()
}

// close seals what there is; Append fails from now on.
func (l *Lane) close() {
	l.mu.Lock()
	l.closed = true
	l.seal()
	l.mu.Unlock()
}
