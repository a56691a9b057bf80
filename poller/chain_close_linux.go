package poller

import (
	"slices"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/internal/slots"
)

// chainRun is what a chain has in the kernel. It does not change once an FD
// knows of it.
type chainRun struct {
	d     *driven
	tasks []chainTask // in the order in which they run
	ended atomic.Bool // an FD of it was closed: what is cancelled is meant to be
}

type chainTask struct {
	user slots.UserData
	fd   *FD // nil: a file's
}

func (c *chainRun) add(user slots.UserData, fd *FD) { c.tasks = append(c.tasks, chainTask{user, fd}) }

// beginTask counts a chain's request on the FD and returns its descriptor. The
// kernel holds a closed FD's socket no longer: -1 makes the request fail. It is
// not counted then, as whoever closes the FD has seen which chains to end.
func (fd *FD) beginTask(run *chainRun) int32 {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if !fd.use() {
		return -1
	}
	fd.chains = append(fd.chains, run)
	return int32(fd.sysfd)
}

// endTask takes back beginTask. A chain's requests end in the order in which they
// have begun, so that those that were not counted come last.
func (fd *FD) endTask(run *chainRun) {
	fd.mu.Lock()
	i := slices.Index(fd.chains, run)
	if i >= 0 {
		fd.chains = slices.Delete(fd.chains, i, i+1)
	}
	fd.mu.Unlock()
	if i >= 0 {
		fd.unuse()
	}
}

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
