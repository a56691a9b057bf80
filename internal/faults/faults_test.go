package faults

import (
	"slices"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/internal/seam"
	"github.com/uringnet/go-uringnet/internal/slots"
)

var everything = Plan{Short: 4, Errno: 4, Enter: 4, Delay: 4}

// sequence is what an Injector does to a fixed course of requests.
func sequence(in *Injector, n int) (out []int) {
	for i := range n {
		for _, op := range []slots.Op{slots.OpRecv, slots.OpSend, slots.OpAccept, slots.OpWake} {
			v := in.Submit(op, 1000)
			late := 0
			if in.Delay(op, int32(i%2)) {
				late = 1
			}
			out = append(out, int(v.Errno), int(v.MaxLen), late)
		}
		out = append(out, int(in.Enter(1)), int(in.Enter(0)))
	}
	return out
}

// A seed does the same each time; another does something else.
func TestReproducible(t *testing.T) {
	a, b, c := New(1, everything), New(1, everything), New(2, everything)
	sa, sb, sc := sequence(a, 500), sequence(b, 500), sequence(c, 500)
	if !slices.Equal(sa, sb) || a.String() != b.String() {
		t.Errorf("one seed, two courses: %v, %v", a, b)
	}
	if slices.Equal(sa, sc) {
		t.Error("two seeds, one course")
	}
}

// Faults come about as often as planned, and each errno does.
func TestRates(t *testing.T) {
	in := New(3, Plan{Errno: 4})
	const n = 20000
	counts := map[syscall.Errno]int{}
	for range n {
		counts[in.Submit(slots.OpRecv, 0).Errno]++
	}
	if hits := n - counts[0]; hits < n/4*9/10 || hits > n/4*11/10 {
		t.Errorf("%d faults in %d; want a quarter", hits, n)
	}
	for _, e := range errnos[slots.OpRecv] {
		if counts[e] < n/4/len(errnos[slots.OpRecv])/2 {
			t.Errorf("%v only %d times", e, counts[e])
		}
	}
	if in.Done() != uint64(n-counts[0]) {
		t.Errorf("Done() = %d; want %d", in.Done(), n-counts[0])
	}
}

// What would break the engine's own working is left alone, and so is
// everything without a plan.
func TestLeftAlone(t *testing.T) {
	in := New(4, Plan{Short: 1, Errno: 1, Enter: 1, Delay: 1, Multishot: true})
	for range 100 {
		for _, op := range []slots.Op{slots.OpNone, slots.OpCancelRx, slots.OpCancelTx, slots.OpWake} {
			if v := in.Submit(op, 10); v != (seam.Verdict{}) {
				t.Fatalf("%v: %+v", op, v)
			}
		}
		if in.Delay(slots.OpWake, 0) || in.Delay(slots.OpRecv, 1) || in.Delay(slots.OpAccept, 0) || in.Delay(slots.OpAccept, 3) {
			t.Fatal("a completion that may be followed by others is delayed")
		}
		if !in.Delay(slots.OpRecv, 0) || !in.Delay(slots.OpSend, 1) {
			t.Fatal("a last completion is not delayed")
		}
		if e := in.Enter(0); e != 0 && e != syscall.EINTR {
			t.Fatalf("an enter that submits nothing: %v", e)
		}
	}
	idle := New(5, Plan{})
	sequence(idle, 100)
	if idle.Done() != 0 {
		t.Errorf("without a plan: %v", idle)
	}
}
