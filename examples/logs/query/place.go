package query

import (
	"cmp"
	"container/heap"
)

// A place is where a log comes in the order of what Run delivers, and where it is.
type place struct {
	group    int32 // of segments
	received int64
	segment  int32 // in the group
	offset   int64 // of its batch
	index    int32 // in the batch, of those that are asked for
}

func (p *place) compare(q *place) int {
	return cmp.Or(cmp.Compare(p.group, q.group), cmp.Compare(p.received, q.received), cmp.Compare(p.segment, q.segment),
		cmp.Compare(p.offset, q.offset), cmp.Compare(p.index, q.index))
}

// newest keeps the places of the n newest logs: a heap, the oldest on top.
type newest struct {
	n      int
	places []place
}

// Len, Less, Swap, Push and Pop are for package heap.
func (h *newest) Len() int           { return len(h.places) }
func (h *newest) Less(i, j int) bool { return h.places[i].compare(&h.places[j]) < 0 }
func (h *newest) Swap(i, j int)      { h.places[i], h.places[j] = h.places[j], h.places[i] }
func (h *newest) Push(x any)         { h.places = append(h.places, x.(place)) }
func (h *newest) Pop() any {
	last := len(h.places) - 1
	p := h.places[last]
	h.places = h.places[:last]
	return p
}

func (h *newest) add(p place) {
	switch {
	case len(h.places) < h.n:
		heap.Push(h, p)
	case h.places[0].compare(&p) < 0:
		h.places[0] = p
		heap.Fix(h, 0)
	}
}

func (h *newest) full() bool { return len(h.places) >= h.n }
