package leakcheck_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// short is how long a check that is to fail may look.
const short = 20 * time.Millisecond

func TestNothingLeaked(t *testing.T) {
	before := leakcheck.Take()
	done := make(chan struct{})
	go close(done)
	<-done
	if err := before.Check(10 * time.Second); err != nil {
		t.Fatal(err)
	}
}

func leakyGoroutine(started, stop chan struct{}) {
	close(started)
	<-stop
}

func TestGoroutine(t *testing.T) {
	before := leakcheck.Take()
	started, stop := make(chan struct{}), make(chan struct{})
	go leakyGoroutine(started, stop)
	<-started
	err := before.CheckGoroutines(short)
	if err == nil || !strings.Contains(err.Error(), "leakyGoroutine") {
		t.Errorf("leaked goroutine: got %v, want its stack", err)
	}
	if err := before.CheckGoroutines(short, "leakyGoroutine"); err != nil {
		t.Errorf("ignored goroutine reported: %v", err)
	}
	if err := leakcheck.Take().CheckGoroutines(short); err != nil {
		t.Errorf("goroutine from before the snapshot reported: %v", err)
	}
	close(stop)
	if err := before.CheckGoroutines(10 * time.Second); err != nil {
		t.Errorf("ended goroutine still reported: %v", err)
	}
}

func TestFD(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are listed on Linux only")
	}
	r, w, err := os.Pipe() // starts the runtime's poller too
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	before := leakcheck.Take()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	err = before.CheckFDs(short)
	if err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("leaked descriptor: got %v, want its name", err)
	}
	f.Close()
	if err := before.CheckFDs(10 * time.Second); err != nil {
		t.Error(err)
	}
}
