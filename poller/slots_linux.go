package poller

import (
	"sync"
	"sync/atomic"
)

// A request's user_data names its FD by slot and generation, never by pointer,
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

// slots is the table of open FDs: type-stable, looked up without a lock.
type slots struct {
	chunks [maxChunks]atomic.Pointer[[slotChunk]slot]

	mu   sync.Mutex
	free []uint32 // guarded by mu
	next uint32   // guarded by mu: the first slot never used
}

// slot holds an FD while it is open. The generation grows each time it is
// freed, which happens only after the last completion of its requests.
type slot struct {
	gen atomic.Uint32
	fd  atomic.Pointer[FD]
}

func (s *slots) at(i uint32) *slot {
	if i/slotChunk >= maxChunks {
		return nil
	}
	c := s.chunks[i/slotChunk].Load()
	if c == nil {
		return nil
	}
	return &c[i%slotChunk]
}

// put gives fd a slot. It reports false when the table is full.
func (s *slots) put(fd *FD) bool {
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
			s.chunks[i/slotChunk].Store(new([slotChunk]slot))
		}
		s.next++
	}
	sl := s.at(i)
	fd.slot, fd.gen = i, sl.gen.Load()
	sl.fd.Store(fd)
	return true
}

// drop frees fd's slot.
func (s *slots) drop(fd *FD) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.at(fd.slot)
	sl.fd.Store(nil)
	sl.gen.Store((sl.gen.Load() + 1) & genMask)
	s.free = append(s.free, fd.slot)
}

// get returns the FD that u belongs to, or nil if it has gone.
func (s *slots) get(u userData) *FD {
	sl := s.at(u.slot())
	if sl == nil || sl.gen.Load() != u.gen() {
		return nil
	}
	fd := sl.fd.Load()
	if fd == nil || fd.gen != u.gen() { // the slot has changed hands meanwhile
		return nil
	}
	return fd
}

// each calls f for every open FD.
func (s *slots) each(f func(*FD)) {
	s.mu.Lock()
	n := s.next
	s.mu.Unlock()
	for i := range n {
		if fd := s.at(i).fd.Load(); fd != nil {
			f(fd)
		}
	}
}
