package poller

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A completion finds its FD by slot and generation; one for an earlier owner
// of the slot finds nothing.
func TestSlots(t *testing.T) {
	var s slots[FD]
	fds := make([]*FD, 3*slotChunk/2)
	for i := range fds {
		fds[i] = &FD{}
		if !s.put(fds[i], &fds[i].place) {
			t.Fatal("table full")
		}
		if fds[i].slot != uint32(i) {
			t.Fatalf("slot %d; want %d", fds[i].slot, i)
		}
	}
	for _, fd := range fds {
		for _, op := range []Op{OpRecv, OpSend, OpAccept, OpPollIn} {
			u := fd.user(op)
			if s.get(u) != fd || u.op() != op || u.slot() != fd.slot || u.gen() != fd.gen {
				t.Fatalf("user_data %#x of slot %d", uint64(u), fd.slot)
			}
		}
	}
	old := fds[7].user(OpRecv)
	for round := range 5 {
		s.drop(fds[7].place)
		if s.get(old) != nil || s.get(fds[7].user(OpRecv)) != nil {
			t.Fatal("a closed FD is still found")
		}
		next := &FD{}
		s.put(next, &next.place)
		if next.slot != 7 || next.gen == fds[7].gen {
			t.Fatalf("round %d: slot %d, generation %d; want slot 7 anew", round, next.slot, next.gen)
		}
		if s.get(old) != nil || s.get(next.user(OpRecv)) != next {
			t.Fatal("a stale completion reaches the next owner")
		}
		fds[7] = next
	}
	n := 0
	s.each(func(*FD) { n++ })
	if n != len(fds) {
		t.Errorf("each saw %d of %d", n, len(fds))
	}
}

// The generation wraps within its bits, and no slot outside the table is read.
func TestSlotsEdges(t *testing.T) {
	var s slots[FD]
	fd := &FD{}
	s.put(fd, &fd.place)
	s.at(0).gen.Store(genMask)
	fd.gen = genMask
	if s.get(fd.user(OpSend)) != fd {
		t.Error("the last generation is not found")
	}
	s.drop(fd.place)
	s.put(fd, &fd.place)
	if fd.gen != 0 || s.get(fd.user(OpSend)) != fd {
		t.Errorf("generation %d after the last", fd.gen)
	}
	for _, slot := range []uint32{slotChunk, slotChunk*maxChunks - 1, slotChunk * maxChunks, 1<<32 - 1} {
		if s.get(makeUserData(slot, 0, OpRecv)) != nil {
			t.Errorf("slot %d found", slot)
		}
	}
	s.next = slotChunk * maxChunks
	if s.put(&FD{}, &place{}) {
		t.Error("put in a full table")
	}
}

// A deadline moved further does not touch the timer: it fires early once, sets
// itself again, and the deadline holds.
func TestDeadlineMovesLazily(t *testing.T) {
	p, err := New(Config{Rings: 1, BufferCount: 4, BufferSize: 256})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pair, err := pair()
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
		return fd.rd.fires
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

// A probe that runs out of descriptors fails, or finds everything: it does not
// take the shortage for a kernel that can do less.
func TestProbeShortOfDescriptors(t *testing.T) {
	full, err := probeKernel()
	if err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	next, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(next)
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	}()
	for free := range 12 {
		low := unix.Rlimit{Cur: uint64(next + free), Max: old.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		if found, err := probeKernel(); err == nil && found != full {
			t.Errorf("with %d descriptors left the probe misses %v, without an error", free, full&^found)
		}
	}
}
