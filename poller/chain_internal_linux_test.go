package poller

import (
	"slices"
	"testing"

	"github.com/uringnet/go-uringnet/internal/slots"
)

// Two chains lock the sides of the same FDs in the same order, also if one FD is
// closed and the other has got its slot: else each could wait for the other.
func TestChainLockingOrder(t *testing.T) {
	old, next := &FD{place: slots.Place{Slot: 3, Gen: 1}}, &FD{place: slots.Place{Slot: 3, Gen: 2}}
	other := &FD{place: slots.Place{Slot: 1, Gen: 9}}
	step := func(op StepOp, fd *FD) *link { return &link{Step: NewStep(op, nil, 0), fd: fd} }
	steps := []*link{
		step(StepRecv, old), step(StepSend, next), step(StepSend, old), step(StepRecv, next),
		step(StepSend, other), step(StepRecv, other),
	}
	want := []*link{steps[5], steps[4], steps[0], steps[2], steps[3], steps[1]}
	for range len(steps) {
		if got := sides(steps); !slices.Equal(got, want) {
			t.Fatalf("locked in the order %v; want %v", got, want)
		}
		steps = append(steps[1:], steps[0])
	}
}
