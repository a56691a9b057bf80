package bufpool

import (
	"sync"
	"testing"
)

// A copy of a lease gives the buffer back no second time: not while the kernel
// has it, and not when it has become somebody else's.
func TestRingLease(t *testing.T) {
	r := newRing(t, 256, 4)
	var head uint16
	id := consume(t, r, &head)
	l := r.Lease(id)
	if !r.Return(l) {
		t.Fatal("Return refused the buffer")
	}
	if r.Return(l) {
		t.Error("Return took the buffer twice")
	}
	if r.InUse() != 0 || published(r)-head != 4 {
		t.Fatalf("%d in use, %d with the kernel; want 0 and 4", r.InUse(), published(r)-head)
	}
	for again := -1; again != int(id); { // until it is out for the second time
		again = int(consume(t, r, &head))
	}
	out := r.InUse()
	if r.Return(l) {
		t.Error("an old lease took the buffer from its next owner")
	}
	if r.InUse() != out {
		t.Errorf("%d in use; want %d", r.InUse(), out)
	}
	for id := range uint16(4) {
		r.Release(id)
	}
}

// Release of what is not out would give the kernel one buffer twice: a panic.
func TestRingReleaseTwice(t *testing.T) {
	r := newRing(t, 256, 4)
	var head uint16
	id := consume(t, r, &head)
	r.Release(id)
	mustPanic(t, "second Release", func() { r.Release(id) })
	mustPanic(t, "Release of a buffer that never was out", func() { r.Release(3) })
	mustPanic(t, "Release of no buffer", func() { r.Release(4) })
	mustPanic(t, "Lease of a buffer that is not out", func() { r.Lease(id) })
	if r.InUse() != 0 || published(r)-head != 4 {
		t.Errorf("%d in use, %d with the kernel; want 0 and 4", r.InUse(), published(r)-head)
	}
}

// What the kernel cannot do, it is not believed to have done.
func TestRingTakeTwice(t *testing.T) {
	r := newRing(t, 256, 4)
	r.Take(1, 10)
	mustPanic(t, "Take of a buffer that is out", func() { r.Take(1, 10) })
	r.Release(1)
}

// Of many that give one buffer back at once, one does.
func TestRingReturnConcurrent(t *testing.T) {
	r := newRing(t, 64, 8)
	var head uint16
	for range 500 {
		l := r.Lease(consume(t, r, &head))
		var took [8]bool
		var wg sync.WaitGroup
		for i := range took {
			wg.Go(func() { took[i] = r.Return(l) })
		}
		wg.Wait()
		n := 0
		for _, ok := range took {
			if ok {
				n++
			}
		}
		if n != 1 || r.InUse() != 0 || published(r)-head != 8 {
			t.Fatalf("%d of 8 gave it back; %d in use, %d with the kernel", n, r.InUse(), published(r)-head)
		}
	}
}

// After Close the pool gives nothing, takes what is out, and its memory stays
// until then.
func TestFixedClose(t *testing.T) {
	f, err := NewFixed(4096, 4, AnyPages)
	if err != nil {
		t.Fatal(err)
	}
	a, b := f.Get(), f.Get()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := f.Get(); got != nil {
		t.Errorf("Get after Close gave %d bytes", len(got))
	}
	a[0], b[4095] = 1, 1 // still there
	if !f.Contains(a) || f.InUse() != 2 {
		t.Errorf("%d in use; want 2", f.InUse())
	}
	f.Put(a)
	b[0] = 2
	f.Put(b)
	if f.InUse() != 0 {
		t.Errorf("%d in use", f.InUse())
	}
	mustPanic(t, "Put of a buffer that is not out", func() { f.Put(a) })
	if f.Get() != nil || f.Close() != nil {
		t.Error("a closed pool gives buffers, or does not close twice")
	}
}

// Close while others get and put: nobody touches memory that is gone.
func TestFixedCloseConcurrent(t *testing.T) {
	for range 100 {
		f, err := NewFixed(4096, 8, AnyPages)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					if b := f.Get(); b != nil {
						b[0]++
						f.Put(b)
					}
				}
			})
		}
		wg.Go(func() { f.Close() })
		wg.Wait()
		if f.InUse() != 0 {
			t.Fatalf("%d in use", f.InUse())
		}
	}
}
