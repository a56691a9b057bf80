package sink

import (
	"context"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A batchID says which batch.
type batchID struct {
	run   uint64
	lane  int
	batch uint64
}

// marks are the records of a batch that are done, a bit each.
type marks []uint64

func (m marks) has(i int) bool { return i/64 < len(m) && m[i/64]>>(i%64)&1 != 0 }

func (m *marks) set(i int) {
	for i/64 >= len(*m) {
		*m = append(*m, 0)
	}
	(*m)[i/64] |= 1 << (i % 64)
}

// An entry is a batch that is being sent.
type entry struct {
	id       batchID
	done     marks
	at       store.Position // behind it, once it is sealed
	received int64          // when its first record came
	last     int64          // when its last record came
	records  int
	open     int // records that are not done, and one until it is sealed
}

// A ledger keeps what a session has outstanding: its batches, in order.
type ledger struct {
	maxRecords, maxBytes int
	commit               func(*entry)     // called in order, with mu held
	delay                *stats.Histogram // of what is done, since its receipt
	room                 chan struct{}
	before               map[batchID]marks // what earlier sessions have left

	mu       sync.Mutex
	queue    []*entry
	records  int // outstanding
	bytes    int // of their messages
	closed   bool
	progress time.Time // when something was done last, or begun while nothing was outstanding
}

func newLedger(records, bytes int, before map[batchID]marks, commit func(*entry), delay *stats.Histogram) *ledger {
	return &ledger{maxRecords: records, maxBytes: bytes, before: before, commit: commit, delay: delay, room: make(chan struct{}, 1)}
}

// skip reports whether a record was done in an earlier session, and counts it if so.
func (l *ledger) skip(e *entry, index int, received int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.before[e.id].has(index) {
		return false
	}
	e.records++
	e.last = received
	return true
}

// begin adds a batch at the end.
func (l *ledger) begin(r *store.Record) *entry {
	e := &entry{id: batchID{r.Run, r.Lane, r.Batch}, received: r.Received, open: 1}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.done = append(e.done, l.before[e.id]...)
	l.queue = append(l.queue, e)
	return e
}

// take takes n bytes of the window for a record, when they are free. Before it waits it
// calls flush. One goroutine may call it.
func (l *ledger) take(ctx context.Context, e *entry, n int, received int64, flush func() error) error {
	flushed := false
	for !l.tryTake(e, n, received) {
		if !flushed {
			flushed = true
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		select {
		case <-l.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (l *ledger) tryTake(e *entry, n int, received int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records >= l.maxRecords || l.records > 0 && l.bytes+n > l.maxBytes {
		return false
	}
	if l.records == 0 {
		l.progress = time.Now()
	}
	l.records++
	l.bytes += n
	e.records++
	e.open++
	e.last = received
	return true
}

// done says that a message needs nothing more. Once the session is over it does nothing.
func (l *ledger) done(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.records--
	l.bytes -= len(m.Msg)
	m.entry.done.set(m.index)
	l.progress = time.Now()
	if m.Received != 0 {
		l.delay.Record(l.progress.UnixNano() - m.Received)
	}
	l.finish(m.entry)
	select {
	case l.room <- struct{}{}:
	default:
	}
}

// seal says where a batch ends, all of whose records have been taken.
func (l *ledger) seal(e *entry, at store.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.at = at
	if !l.closed {
		l.finish(e)
	}
}

// finish counts e.open down and commits what is done at the front. The lock is held.
func (l *ledger) finish(e *entry) {
	e.open--
	for len(l.queue) > 0 && l.queue[0].open == 0 {
		l.commit(l.queue[0])
		delete(l.before, l.queue[0].id)
		l.queue[0] = nil
		l.queue = l.queue[1:]
	}
}

// close has nothing committed from now on. It returns how many records are outstanding.
func (l *ledger) close() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.records
}

// left is what is done of batches that are not committed, and of those of which nothing is
// known anew.
func (l *ledger) left() map[batchID]marks {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.before
	if left == nil {
		left = map[batchID]marks{}
	}
	for _, e := range l.queue {
		left[e.id] = e.done
	}
	return left
}

// outstanding is how many records are, since when nothing has been done, and when the
// oldest of them came, in Unix nanoseconds (0: not known).
func (l *ledger) outstanding() (records int, since time.Time, oldest int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		oldest = l.queue[0].received
	}
	return l.records, l.progress, oldest
}

// wait waits until nothing is outstanding.
func (l *ledger) wait(ctx context.Context) error {
	for {
		if n, _, _ := l.outstanding(); n == 0 {
			return nil
		}
		select {
		case <-l.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
