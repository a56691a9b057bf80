package store

// The notifier is the goroutine on which callbacks run, so that the writer does
// not wait for them. A batch comes back to the free ones after its Waiters were
// told, which bounds what can be waiting for the notifier.

// notify runs until the writer has closed s.stored.
func (s *Store) notify() {
	for open := true; open; {
		var b *batch
		select {
		case b, open = <-s.stored:
		default:
			if s.callWaiter() {
				continue // what was stored meanwhile goes first
			}
			select {
			case b, open = <-s.stored:
			case <-s.room:
			}
		}
		if b != nil {
			s.tell(b)
		}
	}
	for s.callWaiter() {
	}
}

// tell calls a batch's Waiters and frees it.
func (s *Store) tell(b *batch) {
	for _, w := range b.waiters {
		w.w.Stored(w.seq, b.err)
	}
	s.release(b)
}

// callWaiter calls somebody who waits for room, if there is any room.
func (s *Store) callWaiter() bool {
	if s.waiters.Load() == 0 {
		return false
	}
	for range s.lanes {
		s.turn++
		if f := s.Lane(s.turn).takeWaiter(); f != nil {
			f()
			return true
		}
	}
	return false
}

// pokeNotifier has the notifier look who waits for room.
func (s *Store) pokeNotifier() {
	select {
	case s.room <- struct{}{}:
	default:
	}
}
