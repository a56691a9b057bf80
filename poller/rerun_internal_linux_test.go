package poller

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/ring"
)

// opcodeOpenat is IORING_OP_OPENAT, which only this test uses.
const opcodeOpenat = 18

// held is a poller whose io-wq workers all wait for somebody to open a pipe for
// writing, and a file of it.
type held struct {
	p      *Poller
	f      *File
	fifos  []task
	writer string
}

// holdWorkers makes it. The poller knows the requests that hold the workers, if known,
// and then has each one's result; otherwise its Close cannot cancel them and set a
// worker free.
func holdWorkers(t *testing.T, patience time.Duration, known bool) *held {
	t.Helper()
	p, err := New(Config{Rings: 1, Mode: SQPoll})
	check(t, err)
	t.Cleanup(func() { p.Close() })
	p.patience = patience
	dir := t.TempDir()
	h := &held{p: p, writer: dir + "/fifo"}
	h.f, err = p.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	check(t, err)
	t.Cleanup(func() { h.f.Close() })
	check(t, unix.Mkfifo(h.writer, 0o600))
	path, _ := unix.ByteSliceFromString(h.writer)
	d := p.cores[0].driven
	// A thread has at most four bounded workers a CPU (io_init_wq_offload,
	// io_uring/tctx.c). The ring's kernel thread takes its own with it: those of a
	// thread of Go's would be there for the tests that follow.
	h.fifos = make([]task, 4*runtime.NumCPU()+1)
	for i := range h.fifos {
		f := &h.fifos[i]
		q := ring.Request{Op: opcodeOpenat, FD: unix.AT_FDCWD, Addr: ring.AddrOf(path), Flags: abi.SQEAsync}
		if known {
			*f = task{wait: &waiter{done: make(chan struct{}, 1)}, buf: path}
			f.wait.left.Store(1)
			q.User = p.newTask(f)
		}
		d.Push(q)
	}
	d.kick()
	return h
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// awaitReruns waits until a request has been run again several times. Nothing tells
// when: it is the counter that is watched, within a bound.
func awaitReruns(t *testing.T, p *Poller) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); p.Counters()[0].Reruns < 4; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not run again: %+v", p.Counters()[0])
		}
	}
}

// A request that io-wq does not get to is cancelled and run again, and in the end made
// by a system call: its caller sees nothing of it.
func TestRerun(t *testing.T) {
	h := holdWorkers(t, time.Millisecond, true)
	if err := h.f.Sync(); err != nil {
		t.Errorf("Sync while no worker is free: %v", err)
	}
	if c := h.p.Counters()[0]; c.Reruns <= maxReruns || c.PlainFiles != 1 {
		t.Errorf("%d reruns, %d system calls in place of requests", c.Reruns, c.PlainFiles)
	}
	w, err := os.OpenFile(h.writer, os.O_WRONLY, 0)
	check(t, err)
	defer w.Close()
	for i := range h.fifos {
		f := &h.fifos[i]
		<-f.wait.done
		if f.res < 0 {
			t.Fatalf("opening the pipe: %d", f.res)
		}
		unix.Close(int(f.res))
	}
	if _, err := h.f.WriteAt([]byte("x"), 0); err != nil {
		t.Error(err)
	}
}

// Close ends a request that waits for a worker.
func TestRerunEndsWithClose(t *testing.T) {
	h := holdWorkers(t, time.Hour, false)
	synced := make(chan error, 1)
	go func() { synced <- h.f.Sync() }()
	for deadline := time.Now().Add(10 * time.Second); len(h.p.pending.Places()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Sync does not wait")
		}
	}
	check(t, h.p.Close())
	if err := <-synced; !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Sync = %v; want it closed", err)
	}
}

// A splice that waits for a pipe's writer is cancelled while it runs, over and over,
// and its caller sees nothing of it.
func TestRerunOfRunning(t *testing.T) {
	p, err := New(Config{Rings: 1, Mode: SQPoll})
	check(t, err)
	defer p.Close()
	p.patience = time.Millisecond
	var pipe [2]int
	check(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	f, err := p.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_RDWR|os.O_CREATE, 0o600)
	check(t, err)
	defer f.Close()
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := f.SpliceFrom(pipe[0], 0, 100)
		done <- result{n, err}
	}()
	awaitReruns(t, p)
	select {
	case r := <-done:
		t.Fatalf("SpliceFrom = %d, %v", r.n, r.err)
	default:
	}
	if _, err := unix.Write(pipe[1], []byte("bytes")); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.n != 5 || r.err != nil {
		t.Errorf("SpliceFrom = %d, %v", r.n, r.err)
	}
}
