package poller

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"
)

// held is a poller whose io-wq workers all wait for somebody to write to a pipe,
// and a file of it that is being opened and has to wait for one of them.
type held struct {
	p      *Poller
	fifos  []task
	writer string
	opened chan openResult
}

type openResult struct {
	f   *File
	err error
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

func holdWorkers(t *testing.T) *held {
	t.Helper()
	p, err := New(Config{Rings: 1, Mode: SQPoll})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.patience = time.Millisecond
	dir := t.TempDir()
	h := &held{p: p, writer: dir + "/fifo", opened: make(chan openResult, 1)}
	if err := unix.Mkfifo(h.writer, 0o600); err != nil {
		t.Fatal(err)
	}
	path, _ := unix.ByteSliceFromString(h.writer)
	r := p.rings[0]
	// A thread has at most four bounded workers a CPU (io_init_wq_offload,
	// io_uring/tctx.c). The ring's kernel thread takes its own with it: those of a
	// thread of Go's would be there for the tests that follow.
	h.fifos = make([]task, 4*runtime.NumCPU()+1)
	for i := range h.fifos {
		f := &h.fifos[i]
		*f = task{wait: &waiter{done: make(chan struct{}, 1)}, buf: path}
		f.wait.left.Store(1)
		r.push(request{
			op: iouring.IORING_OP_OPENAT, fd: unix.AT_FDCWD, addr: addrOf(path),
			flags: iouring.IOSQE_FLAGS_ASYNC, user: p.newTask(f),
		})
	}
	r.drv.kick(alone)
	go func() {
		f, err := p.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		h.opened <- openResult{f, err}
	}()
	awaitReruns(t, p)
	select {
	case res := <-h.opened:
		t.Fatalf("opened while the workers were held: %v", res.err)
	default:
	}
	return h
}

// A request that io-wq does not get to is cancelled and run again, as often as it
// takes, and its caller sees nothing of it.
func TestRerun(t *testing.T) {
	h := holdWorkers(t)
	w, err := os.OpenFile(h.writer, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range h.fifos {
		f := &h.fifos[i]
		<-f.wait.done
		if f.res < 0 {
			t.Fatalf("opening the pipe: %d", f.res)
		}
		unix.Close(int(f.res))
	}
	res := <-h.opened
	if res.err != nil {
		t.Fatal(res.err)
	}
	if _, err := res.f.WriteAt([]byte("x"), 0); err != nil {
		t.Error(err)
	}
	if err := res.f.Close(); err != nil {
		t.Error(err)
	}
}

// Close ends it, unless the worker that it frees opens the file at that moment.
func TestRerunEndsWithClose(t *testing.T) {
	h := holdWorkers(t)
	if err := h.p.Close(); err != nil {
		t.Error(err)
	}
	res := <-h.opened
	if res.err == nil {
		res.err = res.f.Close()
	} else if errors.Is(res.err, fs.ErrClosed) || errors.Is(res.err, ErrClosed) {
		return
	}
	if res.err != nil {
		t.Errorf("OpenFile = %v; want it closed", res.err)
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
