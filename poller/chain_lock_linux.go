package poller

import (
	"cmp"
	"slices"
	"syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// A chain holds what its steps use while it runs: the reading or writing side
// of an FD, as Read and Write do, and the descriptor of a File. Sides are
// locked in the order of their FDs, reading first, so that two chains cannot
// wait for each other.

// lockSteps locks what the steps use. unlock has to be called in any case.
func lockSteps(steps []*link) (unlock func(), err error) {
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
func sides(steps []*link) []*link {
	var list []*link
	for _, s := range steps {
		same := func(o *link) bool { return o.fd == s.fd && o.Op == s.Op }
		if s.fd != nil && !slices.ContainsFunc(list, same) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *link) int {
		// A closed FD may have had the same slot before. StepRecv is before stepSend.
		return cmp.Or(cmp.Compare(a.fd.place.Slot, b.fd.place.Slot), cmp.Compare(a.fd.place.Gen, b.fd.place.Gen), cmp.Compare(b.Op, a.Op))
	})
	return list
}

// lockSide locks the side of the FD that the step uses.
func (s *link) lockSide() (unlock func(), err error) {
	fd := s.fd
	if s.Op == StepSend {
		fd.wr.lock.Lock()
		return fd.wr.lock.Unlock, nil
	}
	fd.rd.lock.Lock()
	unlock = func() {
		fd.rd.note() // what it has left has no edge
		fd.rd.lock.Unlock()
	}
	switch {
	case fd.ev.Load() != nil:
		return unlock, errServed
	case fd.life.closed():
		return unlock, fd.closing
	}
	return unlock, fd.lower()
}

// begin marks the step's descriptor as in use. A receive takes what was
// received ahead.
func (s *link) begin() (release func(), err error) {
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
	case fd.ev.Load() != nil:
		return nil, errServed
	case fd.listener:
		return nil, syscall.EINVAL
	}
	if s.Op == StepRecv && fd.arm != nil && len(fd.arm.queue) > 0 {
		s.N += fd.take(s.Rest())
		if len(s.Rest()) == 0 {
			s.Err = nil
		}
	}
	return func() {}, nil
}

// link is a step as the rings see it.
type link struct {
	*Step
	file  *File
	fd    *FD
	ts    abi.KernelTimespec // of the link timeout
	task  task
	timer task
}
