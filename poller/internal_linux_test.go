package poller

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A deadline moved further does not touch the timer: it fires early once, sets
// itself again, and the deadline holds.
func TestDeadlineMovesLazily(t *testing.T) {
	p, err := New(Config{Rings: 1, BufferCount: 4, BufferSize: 256})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	fd, err := p.Open(pair[0], FDOptions{ReadAhead: true})
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	fires := func() int64 {
		fd.mu.Lock()
		defer fd.mu.Unlock()
		return fd.rd.due.fires
	}
	begin := time.Now()
	set := func(d time.Duration) {
		if err := fd.SetReadDeadline(begin.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	set(time.Hour)
	first := fires()
	for i := range 100 {
		set(time.Hour + time.Duration(i)*time.Second)
	}
	if fires() != first {
		t.Error("the timer was moved for a later deadline")
	}
	set(30 * time.Millisecond)
	if early := fires(); early >= first {
		t.Error("the timer was not moved for an earlier deadline")
	}
	set(90 * time.Millisecond) // the timer fires after 30 ms, and is not due
	if _, err := fd.Read(make([]byte, 1)); err == nil || time.Since(begin) < 90*time.Millisecond {
		t.Errorf("Read: %v after %v; want a timeout after 90ms", err, time.Since(begin))
	}
	set(20 * time.Millisecond) // past
	if _, err := fd.Read(make([]byte, 1)); err == nil {
		t.Error("Read after the deadline succeeded")
	}
	if err := fd.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(pair[1], []byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := fd.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("Read without a deadline: %d, %v", n, err)
	}
}
