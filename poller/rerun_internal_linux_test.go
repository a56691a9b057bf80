package poller

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"
)

// held is a poller whose only io-wq worker waits for somebody to write to a
// pipe, and a file of it that is being opened and has to wait for that worker.
type held struct {
	p      *Poller
	fifo   task
	writer string
	opened chan openResult
}

type openResult struct {
	f   *File
	err error
}

func holdWorker(t *testing.T) *held {
	t.Helper()
	p, err := New(Config{Rings: 1, Mode: Dedicated, IOWQBounded: 1})
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
	h.fifo = task{wait: &waiter{done: make(chan struct{}, 1)}, buf: path}
	h.fifo.wait.left.Store(1)
	r := p.rings[0]
	r.push(request{
		op: iouring.IORING_OP_OPENAT, fd: unix.AT_FDCWD, addr: addrOf(path),
		flags: iouring.IOSQE_FLAGS_ASYNC, user: p.newTask(&h.fifo),
	})
	r.drv.kick(alone)
	go func() {
		f, err := p.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		h.opened <- openResult{f, err}
	}()
	for deadline := time.Now().Add(10 * time.Second); p.Counters()[0].Reruns < 4; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not run again: %+v", p.Counters()[0])
		}
	}
	select {
	case res := <-h.opened:
		t.Fatalf("opened while the worker was held: %v", res.err)
	default:
	}
	return h
}

// A request that io-wq does not get to is cancelled and run again, as often as it
// takes, and its caller sees nothing of it.
func TestRerun(t *testing.T) {
	h := holdWorker(t)
	w, err := os.OpenFile(h.writer, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	<-h.fifo.wait.done
	if h.fifo.res < 0 {
		t.Fatalf("opening the pipe: %d", h.fifo.res)
	}
	unix.Close(int(h.fifo.res))
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

// Close ends it.
func TestRerunEndsWithClose(t *testing.T) {
	h := holdWorker(t)
	if err := h.p.Close(); err != nil {
		t.Error(err)
	}
	if res := <-h.opened; !errors.Is(res.err, fs.ErrClosed) && !errors.Is(res.err, ErrClosed) {
		t.Errorf("OpenFile = %v; want it closed", res.err)
	}
}
