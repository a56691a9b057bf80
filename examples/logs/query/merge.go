package query

import (
	"container/heap"
	"slices"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

const (
	// Window is how many batches may lie between a log and one that was received later
	// and stored before it, for the two to be put in order.
	Window = 64
	// WindowBytes is how many bytes are held for that: messages, and entryBytes for each.
	WindowBytes = 32 << 20

	// entryBytes is about the size of a heldEntry.
	entryBytes = 200
)

// A heldBatch is what is asked for of a batch, by time of receipt.
type heldBatch struct {
	number  int // of the batch, of those that were read
	entries []heldEntry
	text    []byte // the messages
	next    int    // of entries
}

type heldEntry struct {
	place
	record store.Record
	of     *heading // as Entry has it
	end    int      // of its message in text
}

// size is how many bytes are held of it.
func (h *heldBatch) size() int { return len(h.text) + entryBytes*len(h.entries) }

func (h *heldBatch) done() bool { return h.next == len(h.entries) }

// add copies an entry.
func (h *heldBatch) add(e *Entry, p place) {
	h.text = append(h.text, e.Msg...)
	h.entries = append(h.entries, heldEntry{place: p, record: e.Record, of: e.of, end: len(h.text)})
}

// sort makes the entries ready when all are there.
func (h *heldBatch) sort() {
	begin := 0
	for i := range h.entries {
		e := &h.entries[i]
		e.record.Msg = h.text[begin:e.end:e.end]
		begin = e.end
	}
	slices.SortFunc(h.entries, func(a, b heldEntry) int { return a.compare(&b.place) })
}

// A merge puts the entries of batches in order, within the window.
type merge struct {
	emit  func(*Entry) error
	read  int          // batches so far
	bytes int          // held
	order []*heldBatch // a heap by the next entry of each
	queue []*heldBatch // the same, as they came, and some that are done
	entry Entry
}

// Len, Less, Swap, Push and Pop are for package heap.
func (m *merge) Len() int { return len(m.order) }
func (m *merge) Less(i, j int) bool {
	a, b := m.order[i], m.order[j]
	return a.entries[a.next].compare(&b.entries[b.next].place) < 0
}
func (m *merge) Swap(i, j int) { m.order[i], m.order[j] = m.order[j], m.order[i] }
func (m *merge) Push(x any)    { m.order = append(m.order, x.(*heldBatch)) }
func (m *merge) Pop() any {
	last := len(m.order) - 1
	h := m.order[last]
	m.order[last] = nil
	m.order = m.order[:last]
	return h
}

// add takes the next batch, of which nothing may be asked for, and emits what has left
// the window.
func (m *merge) add(h *heldBatch) error {
	m.read++
	if len(h.entries) > 0 {
		h.number = m.read
		h.sort()
		m.bytes += h.size()
		m.queue = append(m.queue, h)
		heap.Push(m, h)
	}
	for m.Len() > 0 {
		for m.queue[0].done() {
			m.queue[0] = nil
			m.queue = m.queue[1:]
		}
		if m.read-m.queue[0].number < Window && m.bytes <= WindowBytes {
			break
		}
		if err := m.first(); err != nil {
			return err
		}
	}
	return nil
}

// first emits the first entry.
func (m *merge) first() error {
	h := m.order[0]
	m.entry = Entry{Record: h.entries[h.next].record, of: h.entries[h.next].of}
	h.next++
	if h.done() {
		heap.Pop(m)
		m.bytes -= h.size()
	} else {
		heap.Fix(m, 0)
	}
	return m.emit(&m.entry)
}

// flush emits all that is held.
func (m *merge) flush() error {
	for m.Len() > 0 {
		if err := m.first(); err != nil {
			return err
		}
	}
	m.queue = nil
	return nil
}
