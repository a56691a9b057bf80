package slots

import (
	"sync"
	"sync/atomic"
)

const (
	chunkSize = 1024
	maxChunks = 4096 // 4 million owners
)

// Table is type-stable and looked up without a lock.
type Table[T any] struct {
	chunks [maxChunks]atomic.Pointer[[chunkSize]slot[T]]

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

// Place is where an owner is in its table.
type Place struct{ Slot, Gen uint32 }

func (t *Table[T]) at(i uint32) *slot[T] {
	if i/chunkSize >= maxChunks {
		return nil
	}
	c := t.chunks[i/chunkSize].Load()
	if c == nil {
		return nil
	}
	return &c[i%chunkSize]
}

// Put gives owner a slot, and writes it to p. It reports false when the table
// is full.
func (t *Table[T]) Put(owner *T, p *Place) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	var i uint32
	if n := len(t.free); n > 0 {
		i = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		i = t.next
		if i/chunkSize >= maxChunks {
			return false
		}
		if t.chunks[i/chunkSize].Load() == nil {
			t.chunks[i/chunkSize].Store(new([chunkSize]slot[T]))
		}
		t.next++
	}
	s := t.at(i)
	*p = Place{i, s.gen.Load()}
	s.owner.Store(owner)
	return true
}

// Drop frees a slot.
func (t *Table[T]) Drop(p Place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.at(p.Slot)
	s.owner.Store(nil)
	s.gen.Store((s.gen.Load() + 1) & genMask)
	t.free = append(t.free, p.Slot)
}

// Get returns the owner that u names, or nil if it has gone.
func (t *Table[T]) Get(u UserData) *T {
	s := t.at(u.Slot())
	if s == nil || s.gen.Load() != u.Gen() {
		return nil
	}
	owner := s.owner.Load()
	if s.gen.Load() != u.Gen() { // the slot has changed hands meanwhile
		return nil
	}
	return owner
}

// Each calls f for every owner.
func (t *Table[T]) Each(f func(*T)) {
	t.mu.Lock()
	n := t.next
	t.mu.Unlock()
	for i := range n {
		if owner := t.at(i).owner.Load(); owner != nil {
			f(owner)
		}
	}
}

// Places returns where the owners are.
func (t *Table[T]) Places() (list []Place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.next {
		if s := t.at(i); s.owner.Load() != nil {
			list = append(list, Place{i, s.gen.Load()})
		}
	}
	return list
}
