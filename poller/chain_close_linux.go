package poller

import (
	"slices"
)

// endChains cancels what chains have in the kernel until the FD, which is
// closing, is quiet. A request may wait for its turn behind a step that waits
// for another FD's peer: it is that step which has to end. It is done over and
// over: a request that waits for its turn or is about to run is not found.
func (fd *FD) endChains(quiet <-chan struct{}) {
	fd.p.repeat(quiet, func() {
		for _, d := range fd.cancelChains() {
			d.kick()
		}
	})
}

// cancelChains asks for the end of every request of the FD's chains up to its
// own last one, and returns the rings to kick. Those behind do not use the FD,
// and run if the links are hard.
func (fd *FD) cancelChains() (kicks []*driven) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	for i, c := range fd.chains {
		if slices.Contains(fd.chains[:i], c) {
			continue // the FD has several steps in it
		}
		c.ended.Store(true)
		last := len(c.tasks) - 1
		for c.tasks[last].fd != fd {
			last--
		}
		for _, t := range c.tasks[:last+1] {
			c.d.PushCancel(t.user)
		}
		if !slices.Contains(kicks, c.d) {
			kicks = append(kicks, c.d)
		}
	}
	return kicks
}
