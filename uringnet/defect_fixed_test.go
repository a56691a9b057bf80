package uringnet_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// getAll takes buffers until there are none, uses and returns them. It reports a
// panic.
func getAll(pool uringnet.FixedBuffers) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	var taken [][]byte
	for b := pool.Get(); b != nil && len(taken) < 2*pool.Count(); b = pool.Get() {
		if len(b) != pool.Size() {
			return fmt.Errorf("a buffer of %d bytes; want %d", len(b), pool.Size())
		}
		b[0], b[len(b)-1] = 1, 2 // it is memory
		taken = append(taken, b)
	}
	for _, b := range taken {
		pool.Put(b)
	}
	if n := pool.InUse(); n != 0 {
		return fmt.Errorf("%d buffers in use", n)
	}
	return nil
}

// A pool of fixed buffers may be asked after Engine.Close: it has none, or
// ordinary ones.
func TestDefectFixedBuffersAfterClose(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		pool, err := e.FixedBuffers()
		must(t, err)
		must(t, getAll(pool))
		must(t, e.Close())
		if err := getAll(pool); err != nil {
			t.Errorf("after Engine.Close: %v", err)
		}
		if again, err := e.FixedBuffers(); err == nil {
			if err := getAll(again); err != nil {
				t.Errorf("FixedBuffers after Engine.Close: %v", err)
			}
		}
	})
}

// The first call of FixedBuffers may come after Engine.Close, or during it.
func TestDefectFixedBuffersLate(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if pool, err := e.FixedBuffers(); err == nil {
					pool.Count()
				}
			})
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if pool, err := e.FixedBuffers(); err == nil {
			if err := getAll(pool); err != nil {
				t.Error(err)
			}
		}
	})
}
