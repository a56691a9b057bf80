package poller

import "testing"

// Tries that find something go on; those that mostly do not become one receive
// in sixteen, and start again when they find something.
func TestPredictor(t *testing.T) {
	tries := func(p *predictor, receives int, found func(try int) bool) (n int) {
		for range receives {
			if !p.likely() {
				p.armed()
				continue
			}
			if n++; found(n) {
				p.hit()
			} else {
				p.miss()
				p.armed() // the receive that follows
			}
		}
		return n
	}
	for _, c := range []struct {
		name     string
		found    func(try int) bool
		min, max int // tries of the last 1000 receives
	}{
		{"always", func(int) bool { return true }, 1000, 1000},
		{"two in three", func(try int) bool { return try%3 != 0 }, 1000, 1000},
		{"half", func(try int) bool { return try%2 == 0 }, 1000, 1000},
		{"never", func(int) bool { return false }, 50, 70},
		{"one in eight", func(try int) bool { return try%8 == 0 }, 50, 300},
	} {
		var p predictor
		tries(&p, 100, c.found)
		if n := tries(&p, 1000, c.found); n < c.min || n > c.max {
			t.Errorf("%s: %d tries for 1000 receives, want %d to %d", c.name, n, c.min, c.max)
		}
		if n := tries(&p, 1000, func(int) bool { return true }); n < 600 {
			t.Errorf("%s, then always: %d tries for 1000 receives", c.name, n)
		}
	}
}

// Writes in a row: the second and those after it leave at once, and the first too
// if there were several the last time.
func TestWritesInARow(t *testing.T) {
	fd := &FD{}
	for turn, want := range [][]bool{
		{false, true, true}, {true, true}, {true}, {false}, {false, true}, {true, true, true},
	} {
		fd.tx.again = false // a Read has come between
		for i, w := range want {
			if got := fd.more(); got != w {
				t.Errorf("turn %d, write %d: %v, want %v", turn, i, got, w)
			}
		}
	}
}

// Writers that come far from each other are slow, those of a busy ring are not.
func TestSlowWriters(t *testing.T) {
	r := &ring{}
	r.wrote.Store(nanotime())
	for range 1000 {
		r.wroteNow()
	}
	if r.slow() {
		t.Error("writers that come at once are called slow")
	}
	for range 50 {
		r.wrote.Store(nanotime() - int64(5*slowWriter))
		r.wroteNow()
	}
	if !r.slow() {
		t.Error("writers that compute for long are not called slow")
	}
}

// Large Reads that are filled are parts of a message, but for each fourth; small
// ones, and those that got less than they asked for, end it.
func TestMidway(t *testing.T) {
	var rx rxState
	for i, c := range []struct {
		n, want int
		midway  bool
	}{
		{64, 64, false}, {4096, 4096, true}, {4096, 4096, true}, {4096, 4096, true}, {4096, 4096, false},
		{4096, 4096, true}, {4095, 4096, false}, {4096, 4096, true}, {64, 64, false}, {filledFrom, filledFrom, true}, {0, 4096, false},
	} {
		if rx.fill(c.n, c.want); rx.midway() != c.midway {
			t.Errorf("after Read %d: %v", i, !c.midway)
		}
		if rx.midway() {
			t.Errorf("after Read %d: a second Write is midway too", i)
		}
	}
	for range 1000 {
		rx.fill(4096, 4096)
	}
}
