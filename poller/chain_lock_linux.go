package poller

import (
	"cmp"
	"slices"
	"syscall"
)

// A chain holds what its steps use while it runs: the reading or writing side
// of an FD, as Read and Write do, and the descriptor of a File. Sides are
// locked in the order of their FDs, reading first, so that two chains cannot
// wait for each other.

// lockSteps locks what the steps use. unlock has to be called in any case.
func lockSteps(steps []*Step) (unlock func(), err error) {
	var undo []func()
	unlock = func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	for _, s := range sides(steps) {
		release, err := s.lockSide()
		undo = append(undo, release)
		if err != nil {
			s.Err = err
			return unlock, err
		}
	}
	for _, s := range steps {
		release, err := s.begin()
		if err != nil {
			s.Err = err
			return unlock, err
		}
		undo = append(undo, release)
	}
	return unlock, nil
}

// sides returns a step for each side of an FD that is used, in locking order.
func sides(steps []*Step) []*Step {
	var list []*Step
	for _, s := range steps {
		same := func(o *Step) bool { return o.fd == s.fd && o.op == s.op }
		if s.fd != nil && !slices.ContainsFunc(list, same) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *Step) int {
		// A closed FD may have had the same slot before. stepRecv is before stepSend.
		return cmp.Or(cmp.Compare(a.fd.slot, b.fd.slot), cmp.Compare(a.fd.gen, b.fd.gen), cmp.Compare(b.op, a.op))
	})
	return list
}

// lockSide locks the side of the FD that the step uses.
func (s *Step) lockSide() (unlock func(), err error) {
	fd := s.fd
	if s.op == stepSend {
		fd.wl.Lock()
		return fd.wl.Unlock, nil
	}
	fd.rl.Lock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.ev != nil {
		return fd.rl.Unlock, errServed
	}
	if fd.closing != nil {
		return fd.rl.Unlock, fd.closing
	}
	err = fd.suspend()
	return func() {
		fd.mu.Lock()
		fd.resume()
		fd.mu.Unlock()
		fd.rl.Unlock()
	}, err
}

// begin marks the step's descriptor as in use. A receive takes what was
// received ahead.
func (s *Step) begin() (release func(), err error) {
	if s.fd == nil {
		if _, err := s.file.d.use(); err != nil {
			return nil, err
		}
		return s.file.d.unuse, nil
	}
	fd := s.fd
	fd.mu.Lock()
	defer fd.mu.Unlock()
	switch {
	case fd.closing != nil:
		return nil, fd.closing
	case fd.ev != nil:
		return nil, errServed
	case fd.listener:
		return nil, syscall.EINVAL
	}
	if s.op == stepRecv && len(fd.rx.queue) > 0 {
		s.N += fd.take(s.buf[s.N:])
		if s.N == len(s.buf) {
			s.done, s.Err = true, nil
		}
	}
	return func() {}, nil
}
