package buffers

import (
	"bytes"
	"testing"
)

// What is appended is there, whatever sizes it goes through, and nothing is
// allocated for what is lent.
func TestAppend(t *testing.T) {
	var buf, want []byte
	for i := range 200 {
		b := bytes.Repeat([]byte{byte(i)}, i*7)
		buf, want = Append(buf, b), append(want, b...)
	}
	if !bytes.Equal(buf, want) {
		t.Errorf("%d bytes are not the %d appended", len(buf), len(want))
	}
	Put(buf)
	Put(nil)
}

// A buffer has the room that was asked for, and no content.
func TestGet(t *testing.T) {
	for _, n := range []int{0, 1, small, small + 1, medium, medium + 1, large, large + 1} {
		b := Get(n)
		if len(b) != 0 || cap(b) < n {
			t.Errorf("Get(%d): length %d, capacity %d", n, len(b), cap(b))
		}
		Put(append(b, "x"...))
	}
}
