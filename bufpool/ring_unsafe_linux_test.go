package bufpool

import (
	"strings"
	"sync"
	"testing"
	"unsafe"
)

func newRing(t *testing.T, size, count int) *Ring {
	t.Helper()
	r, err := NewRing(size, count)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// published is the tail that the kernel sees.
func published(r *Ring) uint16 { return r.entries.list[0].resv }

// consume does what the kernel does at head: it takes the buffer there, and
// checks what the entry says about it.
func consume(t *testing.T, r *Ring, head *uint16) (id uint16) {
	t.Helper()
	if *head == published(r) {
		t.Fatal("the ring is empty")
	}
	e := r.entries.list[*head&uint16(r.count-1)]
	*head++
	b := r.Take(e.bid, r.size)
	if uint64(uintptr(unsafe.Pointer(&b[0]))) != e.addr || int(e.len) != r.size {
		t.Fatalf("entry of buffer %d: %d bytes at %#x", e.bid, e.len, e.addr)
	}
	return e.bid
}

// A ring starts full; what is taken and released comes back, in order.
func TestRing(t *testing.T) {
	for _, count := range []int{1, 2, 8, 1024, 1 << 15} {
		r := newRing(t, 256, count)
		if r.Count() != count || r.Size() != 256 || r.InUse() != 0 || published(r) != uint16(count) {
			t.Fatalf("new ring of %d: %d of %d bytes, %d in use, tail %d", count, r.Count(), r.Size(), r.InUse(), published(r))
		}
		if r.Addr()%4096 != 0 {
			t.Errorf("entries at %#x: not on a page", r.Addr())
		}
		var head uint16
		seen := make([]bool, count)
		for range count {
			id := consume(t, r, &head)
			if seen[id] {
				t.Fatalf("buffer %d twice", id)
			}
			seen[id] = true
		}
		if head != published(r) || r.InUse() != count {
			t.Fatalf("all of %d taken: head %d, tail %d, %d in use", count, head, published(r), r.InUse())
		}
		for id := count - 1; id >= 0; id-- {
			r.Release(uint16(id))
		}
		if r.InUse() != 0 {
			t.Errorf("%d in use after all were released", r.InUse())
		}
		for id := count - 1; id >= 0; id-- {
			if got := consume(t, r, &head); got != uint16(id) {
				t.Fatalf("buffer %d comes back; want %d", got, id)
			}
		}
		for id := range count {
			r.Release(uint16(id))
		}
	}
}

// The tail counts to 65,536 and begins again.
func TestRingTailWraps(t *testing.T) {
	for _, count := range []int{1, 4, 1 << 15} {
		r := newRing(t, 64, count)
		var head uint16
		for range 3 * (1 << 16) {
			r.Release(consume(t, r, &head))
			if n := published(r) - head; n != uint16(count) {
				t.Fatalf("%d buffers with the kernel; want %d", n, count)
			}
		}
		if r.InUse() != 0 {
			t.Errorf("%d in use", r.InUse())
		}
	}
}

// No buffer overlaps another, the entries, or the end of the mapping.
func TestRingBuffersAreApart(t *testing.T) {
	for _, size := range []int{1, 256, 1000, 4096} {
		r := newRing(t, size, 16)
		for id := range 16 {
			b := r.Take(uint16(id), size)
			if len(b) != size || cap(b) != size {
				t.Fatalf("buffer %d: len %d, cap %d; want %d", id, len(b), cap(b), size)
			}
			for i := range b {
				if b[i] != 0 {
					t.Fatalf("buffer %d of %d bytes overlaps an earlier one at %d", id, size, i)
				}
				b[i] = byte(id + 1)
			}
		}
		if published(r) != 16 {
			t.Error("the buffers overlap the entries")
		}
		for id := range 16 {
			r.Release(uint16(id))
		}
	}
}

// Take refuses what the kernel cannot have said.
func TestRingPanics(t *testing.T) {
	r := newRing(t, 256, 4)
	for _, c := range []struct {
		id uint16
		n  int
	}{{4, 1}, {65535, 0}, {0, 257}, {3, 1 << 30}, {1, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Take(%d, %d) of 4 buffers of 256 bytes did not panic", c.id, c.n)
				}
			}()
			r.Take(c.id, c.n)
		}()
	}
	if b := r.Take(3, 0); len(b) != 0 {
		t.Errorf("Take(3, 0) = %d bytes", len(b))
	}
}

// Bad sizes are errors.
func TestNewRingErrors(t *testing.T) {
	for _, c := range [][2]int{{0, 4}, {-1, 4}, {256, 0}, {256, -4}, {256, 3}, {256, 1 << 16}} {
		if r, err := NewRing(c[0], c[1]); err == nil {
			r.Close()
			t.Errorf("NewRing(%d, %d) succeeded", c[0], c[1])
		} else if !strings.HasPrefix(err.Error(), "bufpool: ") {
			t.Errorf("NewRing(%d, %d): %v", c[0], c[1], err)
		}
	}
	// More than there is address space for.
	if r, err := NewRing(1<<46, 1); err == nil {
		r.Close()
		t.Error("a ring of 64 TiB was mapped")
	}
}

// A ring says what its memory is.
func TestRingBacking(t *testing.T) {
	if s := newRing(t, 256, 4).Backing(); s != "plain pages" {
		t.Errorf("a small ring is on %q", s)
	}
	switch s := newRing(t, 16<<10, 1024).Backing(); s {
	case "huge pages", "transparent huge pages", "plain pages":
	default:
		t.Errorf("a large ring is on %q", s)
	}
}

// Closing twice does no harm.
func TestRingCloseTwice(t *testing.T) {
	r := newRing(t, 256, 4)
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Release may be called from several goroutines: no buffer is lost or doubled.
func TestRingConcurrentRelease(t *testing.T) {
	r := newRing(t, 64, 64)
	var head uint16
	for range 200 {
		var wg sync.WaitGroup
		for range 64 {
			id := consume(t, r, &head)
			wg.Go(func() { r.Release(id) })
		}
		wg.Wait()
		if r.InUse() != 0 || published(r)-head != 64 {
			t.Fatalf("%d in use, %d with the kernel", r.InUse(), published(r)-head)
		}
	}
	seen := map[uint16]bool{}
	for range 64 {
		seen[consume(t, r, &head)] = true
	}
	if len(seen) != 64 {
		t.Errorf("%d different buffers of 64", len(seen))
	}
}
