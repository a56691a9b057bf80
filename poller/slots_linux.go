package poller

import (
	"sync"
	"sync/atomic"
)

// A request's user_data names its owner by slot and generation, never by pointer,
// so that a stale completion cannot reach the next owner of a slot:
//
//	bits  0..31  slot
//	bits 32..39  operation
//	bits 40..63  generation of the slot
type userData uint64

func makeUserData(slot, gen uint32, op Op) userData {
	return userData(slot) | userData(op)<<32 | userData(gen&genMask)<<40
}

const genMask = 1<<24 - 1

func (u userData) slot() uint32 { return uint32(u) }
func (u userData) op() Op       { return Op(u >> 32) }
func (u userData) gen() uint32  { return uint32(u >> 40) }

const (
	slotChunk = 1024
	maxChunks = 4096 // 4 million descriptors
)

// slots is a table of what requests belong to: type-stable, looked up without
// a lock. There is one of FDs and one of tasks.
type slots[T any] struct {
	chunks [maxChunks]atomic.Pointer[[slotChunk]slot[T]]

	mu   sync.Mutex
	free []uint32 // guarded by mu
	next uint32   // guarded by mu: the first slot never used
}

// slot holds an owner while it is open. The generation grows each time it is
// freed, which happens only after the last completion of its requests.
type slot[T any] struct {
	gen   atomic.Uint32
	owner atomic.Pointer[T]
}

// place is where an owner is in its table, for its requests' user_data.
type place struct{ slot, gen uint32 }

func (s *slots[T]) at(i uint32) *slot[T] {
	if i/slotChunk >= maxChunks {
		return nil
	}
	c := s.chunks[i/slotChunk].Load()
	if c == nil {
		return nil
	}
	return &c[i%slotChunk]
}

// put gives owner a slot, and writes it to p. It reports false when the table
// is full.
func (s *slots[T]) put(owner *T, p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var i uint32
	if n := len(s.free); n > 0 {
		i = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		i = s.next
		if i/slotChunk >= maxChunks {
			return false
		}
		if s.chunks[i/slotChunk].Load() == nil {
			s.chunks[i/slotChunk].Store(new([slotChunk]slot[T]))
		}
		s.next++
	}
	sl := s.at(i)
	*p = place{i, sl.gen.Load()}
	sl.owner.Store(owner)
	return true
}

// drop frees a slot.
func (s *slots[T]) drop(p place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.at(p.slot)
	sl.owner.Store(nil)
	sl.gen.Store((sl.gen.Load() + 1) & genMask)
	s.free = append(s.free, p.slot)
}

// get returns the owner that u names, or nil if it has gone.
func (s *slots[T]) get(u userData) *T {
	sl := s.at(u.slot())
	if sl == nil || sl.gen.Load() != u.gen() {
		return nil
	}
	owner := sl.owner.Load()
	if sl.gen.Load() != u.gen() { // the slot has changed hands meanwhile
		return nil
	}
	return owner
}

// each calls f for every owner.
func (s *slots[T]) each(f func(*T)) {
	s.mu.Lock()
	n := s.next
	s.mu.Unlock()
	for i := range n {
		if owner := s.at(i).owner.Load(); owner != nil {
			f(owner)
		}
	}
}

// places returns where the owners are.
func (s *slots[T]) places() (list []place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.next {
		if sl := s.at(i); sl.owner.Load() != nil {
			list = append(list, place{i, sl.gen.Load()})
		}
	}
	return list
}
