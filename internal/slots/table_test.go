package slots

import "testing"

// owner is something in a Table.
type owner struct{ at Place }

func (o *owner) user(op Op) UserData { return MakeUserData(o.at, op) }

// A completion finds its FD by slot and generation; one for an earlier owner
// of the slot finds nothing.
func TestSlots(t *testing.T) {
	var s Table[owner]
	fds := make([]*owner, 3*chunkSize/2)
	for i := range fds {
		fds[i] = &owner{}
		if !s.Put(fds[i], &fds[i].at) {
			t.Fatal("table full")
		}
		if fds[i].at.Slot != uint32(i) {
			t.Fatalf("slot %d; want %d", fds[i].at.Slot, i)
		}
	}
	for _, fd := range fds {
		for _, op := range []Op{OpRecv, OpSend, OpAccept, OpTask} {
			u := fd.user(op)
			if s.Get(u) != fd || u.Op() != op || u.Slot() != fd.at.Slot || u.Gen() != fd.at.Gen {
				t.Fatalf("user_data %#x of slot %d", uint64(u), fd.at.Slot)
			}
		}
	}
	old := fds[7].user(OpRecv)
	for round := range 5 {
		s.Drop(fds[7].at)
		if s.Get(old) != nil || s.Get(fds[7].user(OpRecv)) != nil {
			t.Fatal("a closed FD is still found")
		}
		next := &owner{}
		s.Put(next, &next.at)
		if next.at.Slot != 7 || next.at.Gen == fds[7].at.Gen {
			t.Fatalf("round %d: slot %d, generation %d; want slot 7 anew", round, next.at.Slot, next.at.Gen)
		}
		if s.Get(old) != nil || s.Get(next.user(OpRecv)) != next {
			t.Fatal("a stale completion reaches the next owner")
		}
		fds[7] = next
	}
	n := 0
	s.Each(func(*owner) { n++ })
	if n != len(fds) {
		t.Errorf("each saw %d of %d", n, len(fds))
	}
}

// The generation wraps within its bits, and no slot outside the table is read.
func TestSlotsEdges(t *testing.T) {
	var s Table[owner]
	fd := &owner{}
	s.Put(fd, &fd.at)
	s.at(0).gen.Store(genMask)
	fd.at.Gen = genMask
	if s.Get(fd.user(OpSend)) != fd {
		t.Error("the last generation is not found")
	}
	s.Drop(fd.at)
	s.Put(fd, &fd.at)
	if fd.at.Gen != 0 || s.Get(fd.user(OpSend)) != fd {
		t.Errorf("generation %d after the last", fd.at.Gen)
	}
	for _, slot := range []uint32{chunkSize, chunkSize*maxChunks - 1, chunkSize * maxChunks, 1<<32 - 1} {
		if s.Get(MakeUserData(Place{slot, 0}, OpRecv)) != nil {
			t.Errorf("slot %d found", slot)
		}
	}
	s.next = chunkSize * maxChunks
	if s.Put(&owner{}, &Place{}) {
		t.Error("put in a full table")
	}
}
