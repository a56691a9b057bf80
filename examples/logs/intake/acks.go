package intake

import (
	"sync"

	"github.com/uringnet/go-uringnet/examples/logs/internal/buffers"
	"github.com/uringnet/go-uringnet/examples/logs/relp"
)

const (
	ackSize  = 24 // bytes of the longest acknowledgement
	keepRuns = 4  // longer queues are not kept when they are empty
)

// acks is the output side of a RELP session: who awaits acknowledgement, in the
// order of transaction numbers. That is at most what the client may send before
// it is acknowledged, in runs of consecutive numbers.
type acks struct {
	mu     sync.Mutex
	queue  []run
	stored uint64 // the greatest batch that the store has told of
	last   bool   // close the peer when the queue is empty
	dead   bool   // the peer is closed, or nobody reads any more
}

// A run is consecutive transactions in one batch, or a reply to one that is
// not stored.
type run struct {
	seq   uint64 // of the batch
	first uint32 // number of the first transaction
	n     uint32 // how many
	reply []byte
}

// extend adds a transaction to the run if it is the next of the same batch. (1,
// which follows 999999999, begins another run.)
func (r *run) extend(seq uint64, txnr uint32) bool {
	if r.n == 0 || r.seq != seq || r.first+r.n != txnr {
		return false
	}
	r.n++
	return true
}

// push queues a run. The caller calls drain afterwards: its batch may be stored
// by now.
func (a *acks) push(r run) {
	a.mu.Lock()
	if !a.dead {
		a.queue = append(a.queue, r)
	}
	a.mu.Unlock()
}

// drain sends the peer what it can be told. It returns how many transactions
// were acknowledged, whether the peer has to be closed by the caller, and
// whether that is because it does not read.
func (a *acks) drain(p Peer, maxUnread int) (acked uint64, end, unread bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dead {
		return 0, false, false
	}
	acked = a.send(p)
	if b, ok := p.(interface{ Buffered() int }); ok && b.Buffered() > maxUnread {
		a.kill()
		return acked, true, true
	}
	if a.last && len(a.queue) == 0 {
		a.kill()
		return acked, true, false
	}
	return acked, false, false
}

// send sends what can be sent, and returns how many transactions that
// acknowledges. The caller holds a.mu.
func (a *acks) send(p Peer) (acked uint64) {
	i, size := 0, 0
	for ; i < len(a.queue) && (a.queue[i].n == 0 || a.queue[i].seq <= a.stored); i++ {
		size += len(a.queue[i].reply) + int(a.queue[i].n)*ackSize
	}
	if i == 0 {
		return 0
	}
	out := buffers.Get(size)
	for _, r := range a.queue[:i] {
		out = append(out, r.reply...)
		for k := range r.n {
			out = relp.AppendAck(out, r.first+k)
		}
		acked += uint64(r.n)
	}
	p.Write(out) // if that fails, the owner of the connection knows
	buffers.Put(out)
	rest := copy(a.queue, a.queue[i:])
	clear(a.queue[rest:])
	a.queue = a.queue[:rest]
	if rest == 0 && cap(a.queue) > keepRuns {
		a.queue = nil // do not keep what a burst needed
	}
	return acked
}

// kill drops what is queued; nothing is sent any more. The caller holds a.mu.
func (a *acks) kill() {
	a.dead = true
	a.queue = nil
}

// drop is kill with the lock. It reports whether there was anything left to do.
func (a *acks) drop() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	alive := !a.dead
	a.kill()
	return alive
}

// tell notes that the store has stored a batch.
func (a *acks) tell(seq uint64) {
	a.mu.Lock()
	a.stored = max(a.stored, seq)
	a.mu.Unlock()
}

// finish has the next drain that leaves the queue empty end the session.
func (a *acks) finish() {
	a.mu.Lock()
	a.last = true
	a.mu.Unlock()
}
