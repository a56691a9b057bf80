package poller

import (
	"time"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// What is made inside a bubble of testing/synctest belongs to it: its timers follow the
// bubble's clock, and nobody outside may send on its channels. Pollers work outside,
// so what goroutines wait with is made there, by a goroutine that is as old as the
// poller.

// outsider is that goroutine.
type outsider struct {
	jobs    chan job
	replies chan chan struct{} // channels made outside, to reply on
}

type job struct {
	f    func()
	done chan struct{}
}

// outsiders is how many goroutines may wait for the outsider at once.
const outsiders = 8

func newOutsider() *outsider {
	o := &outsider{jobs: make(chan job), replies: make(chan chan struct{}, outsiders)}
	for range outsiders {
		o.replies <- make(chan struct{}, 1)
	}
	rt.Go(func() {
		for j := range o.jobs {
			j.f()
			j.done <- struct{}{}
		}
	})
	return o
}

func (o *outsider) stop() { close(o.jobs) }

// inBubble reports whether the caller is in a bubble, whose clock has no monotonic
// reading (time.now, runtime/time.go).
func inBubble() bool {
	now := time.Now()
	return now == now.Round(0)
}

// outside runs f, outside of the caller's bubble if it is in one.
func (o *outsider) outside(f func()) {
	if !inBubble() {
		f()
		return
	}
	done := <-o.replies
	o.jobs <- job{f, done}
	<-done
	o.replies <- done
}

// newChan makes a completion channel.
func (o *outsider) newChan() (ch chan struct{}) {
	o.outside(func() { ch = make(chan struct{}, 1) })
	return ch
}
