package poller

import (
	"slices"
	"testing"
)

// Two chains lock the sides of the same FDs in the same order, also if one FD is
// closed and the other has got its slot: else each could wait for the other.
func TestChainLockingOrder(t *testing.T) {
	old, next := &FD{place: place{slot: 3, gen: 1}}, &FD{place: place{slot: 3, gen: 2}}
	other := &FD{place: place{slot: 1, gen: 9}}
	steps := []*Step{
		{op: stepRecv, fd: old}, {op: stepSend, fd: next}, {op: stepSend, fd: old}, {op: stepRecv, fd: next},
		{op: stepSend, fd: other}, {op: stepRecv, fd: other},
	}
	want := []*Step{steps[5], steps[4], steps[0], steps[2], steps[3], steps[1]}
	for range len(steps) {
		if got := sides(steps); !slices.Equal(got, want) {
			t.Fatalf("locked in the order %v; want %v", got, want)
		}
		steps = append(steps[1:], steps[0])
	}
}
