package uringnet_test

import (
	"errors"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// After Engine.Close the pool gives nothing and takes what is out; memory that
// is out can still be touched.
func TestFixedBuffersAfterClose(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		pool, err := e.FixedBuffers()
		must(t, err)
		b := pool.Get()
		must(t, e.Close())
		if got := pool.Get(); got != nil {
			t.Errorf("Get after Close gave %d bytes", len(got))
		}
		b[0], b[len(b)-1] = 1, 1
		pool.Put(b)
		if n := pool.InUse(); n != 0 {
			t.Errorf("%d in use", n)
		}
		if _, err := e.FixedBuffers(); !errors.Is(err, uringnet.ErrEngineClosed) {
			t.Errorf("FixedBuffers after Close: %v; want ErrEngineClosed", err)
		}
	})
}

// Put panics on what is not out of the pool, whatever the pool is made of.
func TestFixedBuffersWrongPut(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		pool, err := e.FixedBuffers()
		must(t, err)
		a, b := pool.Get(), pool.Get() // with b out, a could go in twice
		pool.Put(a[:10:10])
		panics := func(what string, b []byte) {
			defer func() {
				if recover() == nil {
					t.Errorf("Put of %s did not panic", what)
				}
			}()
			pool.Put(b)
		}
		panics("a buffer that was put back", a)
		panics("memory of the caller's", make([]byte, pool.Size()))
		panics("nothing", nil)
		panics("the end of a buffer", b[1:])
		pool.Put(b)
		if n := pool.InUse(); n != 0 {
			t.Errorf("%d in use", n)
		}
	})
}
