package bufpool

import (
	"bytes"
	"sync"
	"testing"
)

// A pool counts what is out, and gives out empty buffers.
func TestElastic(t *testing.T) {
	var e Elastic
	var out []*Buffer
	for i := range 10 {
		b := e.Get()
		if len(b.B) != 0 {
			t.Errorf("Get gave %d bytes", len(b.B))
		}
		b.B = append(b.B, bytes.Repeat([]byte{byte(i)}, 1000*i)...)
		out = append(out, b)
		if e.InUse() != i+1 {
			t.Errorf("%d in use; want %d", e.InUse(), i+1)
		}
	}
	for i, b := range out {
		if len(b.B) != 1000*i || i > 0 && (b.B[0] != byte(i) || b.B[len(b.B)-1] != byte(i)) {
			t.Errorf("buffer %d was changed", i)
		}
		e.Put(b)
	}
	if e.InUse() != 0 {
		t.Errorf("%d in use after all were put back", e.InUse())
	}
}

// Buffers out at the same time are different ones.
func TestElasticConcurrent(t *testing.T) {
	var e Elastic
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 1000 {
				b := e.Get()
				b.B = append(b.B[:0], byte(g), byte(g))
				if b.B[0] != byte(g) || b.B[1] != byte(g) {
					t.Error("another has the buffer too")
				}
				e.Put(b)
			}
		})
	}
	wg.Wait()
	if e.InUse() != 0 {
		t.Errorf("%d in use", e.InUse())
	}
}
