package datagram

import "testing"

// TestDropped sends more than the socket's buffer holds: what does not come is
// counted, by what comes with the datagrams and by asking.
func TestDropped(t *testing.T) {
	socket := listen(t, "127.0.0.1")
	if got, err := SetBuffer(socket, 8<<10); err != nil || got < 1<<10 || got > 64<<10 {
		t.Fatalf("buffer of %d, %v", got, err)
	}
	r, err := NewReceiver(socket, 8, 2000)
	if err != nil {
		t.Fatal(err)
	}
	sender := dial(t, socket.LocalAddr())
	const sent = 200
	burst := func() {
		for range sent {
			send(t, sender, make([]byte, 1000))
		}
	}
	received := 0
	takeAll := func() {
		for list := r.rest(t); len(list) > 0; list = r.rest(t) {
			received += len(list)
		}
	}
	burst()
	takeAll()
	if n := r.drops.sum(); n != 0 {
		t.Errorf("%d dropped before the datagrams that came", n)
	}
	send(t, sender, []byte("one more brings the number"))
	if list, err := r.Receive(); err != nil || len(list) != 1 {
		t.Fatalf("%d, %v", len(list), err)
	}
	if n := r.drops.sum(); n == 0 || n != uint64(sent-received) {
		t.Errorf("%d received and %d dropped of %d", received, n, sent)
	}
	before := r.Dropped()
	burst()
	if n := r.Dropped(); n == before {
		t.Errorf("%d dropped without one more", n)
	}
	takeAll()
	if n := r.Dropped(); n != uint64(2*sent-received) {
		t.Errorf("%d received and %d dropped of %d", received, n, 2*sent)
	}
}

// TestSetBuffer makes a buffer that is larger than net.core.rmem_max, as root.
func TestSetBuffer(t *testing.T) {
	socket := listen(t, "127.0.0.1")
	const want = 32 << 20
	got, err := SetBuffer(socket, want)
	if err != nil || got <= 0 {
		t.Fatalf("%d, %v", got, err)
	}
	if got != want {
		t.Logf("a buffer of %d: net.core.rmem_max, and no CAP_NET_ADMIN", got)
	}
}
