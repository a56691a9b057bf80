package uringnet_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A dyingThreads makes threads that submit and exit, until its stop is called.
type dyingThreads struct {
	quit  atomic.Bool
	done  sync.WaitGroup
	ended atomic.Int64
}

// dieAfter starts goroutines that lock themselves to a thread, do op, and end so
// that the thread exits.
func dieAfter(n int, op func()) *dyingThreads {
	d := &dyingThreads{}
	for range n {
		d.done.Go(func() {
			for !d.quit.Load() {
				dead := make(chan struct{})
				go func() {
					defer close(dead)
					runtime.LockOSThread() // and never unlocked
					op()
				}()
				<-dead
				d.ended.Add(1)
			}
		})
	}
	return d
}

func (d *dyingThreads) stop(t *testing.T) {
	d.quit.Store(true)
	d.done.Wait()
	t.Logf("%d threads ended", d.ended.Load())
}

// fileRounds is how many times each of fileWorkers goes through its operations,
// in a part of the file of its own.
const (
	fileRounds  = 60
	fileWorkers = 4
	filePart    = 8 << 10
)

// A fileWork is operations on a worker's part of a file, by what; want is what to
// write. It reports what failed.
type fileWork func(e *uringnet.Engine, f *uringnet.File, off int64, want []byte) error

var fileWorks = []struct {
	name string
	work fileWork
}{
	{"calls", func(_ *uringnet.Engine, f *uringnet.File, off int64, want []byte) error {
		got := make([]byte, len(want))
		_, werr := f.WriteAt(want, off)
		_, rerr := f.ReadAt(got, off)
		err := errors.Join(werr, f.Datasync(), f.Sync(), rerr)
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("%.20q was read; %.20q was written", got, want)
		}
		return err
	}},
	{"chains", func(e *uringnet.Engine, f *uringnet.File, off int64, want []byte) error {
		got := make([]byte, len(want))
		ch := e.NewChain()
		ch.WriteAt(f, want, off)
		ch.Datasync(f)
		ch.ReadAt(f, got, off)
		err := ch.Run()
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("%.20q was read; %.20q was written", got, want)
		}
		return err
	}},
}

// workOn works on a file from several goroutines at once and reports whatever
// fails.
func workOn(t *testing.T, e *uringnet.Engine, f *uringnet.File, work fileWork) {
	t.Helper()
	var failures atomic.Int64
	_, _ = startErr("file operations", func() error {
		var wg sync.WaitGroup
		for w := range fileWorkers {
			wg.Go(func() {
				for i := range fileRounds {
					want := bytes.Repeat([]byte(fmt.Sprintf("%d.%04d;", w, i)), filePart/8)
					err := work(e, f, int64(w)*filePart, want)
					if err != nil && failures.Add(1) <= 3 {
						t.Errorf("worker %d, round %d: %v", w, i, err)
					}
				}
			})
		}
		wg.Wait()
		return nil
	}).wait(t)
	if n := failures.Load(); n > 0 {
		t.Errorf("%d of %d rounds failed on an open file", n, fileWorkers*fileRounds)
	}
}

// Operations on an open file do not fail because a thread exits that happened to
// submit them: that of a goroutine that ends locked to it.
func TestDefectThreadExit(t *testing.T) {
	for _, k := range fileWorks {
		t.Run(k.name, func(t *testing.T) {
			forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
				f := openNew(t, e)
				_, err := f.WriteAt([]byte("x"), fileWorkers*filePart)
				must(t, err)
				d := dieAfter(2, func() {
					if _, err := f.ReadAt(make([]byte, 1), fileWorkers*filePart); err != nil {
						t.Errorf("ReadAt of a locked goroutine: %v", err)
					}
				})
				defer d.stop(t)
				workOn(t, e, f, k.work)
			})
		})
	}
}

// The same where the threads that exit have used a connection on the same rings.
func TestDefectThreadExitConns(t *testing.T) {
	for _, k := range fileWorks {
		t.Run(k.name, func(t *testing.T) {
			forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
				f := openNew(t, e)
				c, s := pair(t, stackOf(e), "tcp")
				sink := startErr("sink", func() error { return readOnly(s, 'x') })
				d := dieAfter(1, func() {
					if _, err := c.Write([]byte("x")); err != nil {
						t.Errorf("Write of a locked goroutine: %v", err)
					}
				})
				workOn(t, e, f, k.work)
				d.stop(t)
				must(t, c.Close())
				_, _ = sink.wait(t)
			})
		})
	}
}
