package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// follow reads from a position until it has n messages, and returns where it is then.
func follow(t *testing.T, s *Store, from Position, n int) (msgs []string, at Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f := s.Follow(from)
	defer f.Close()
	for len(msgs) < n {
		err := f.Next(ctx, func(r Record) error {
			msgs = append(msgs, string(r.Msg))
			return nil
		})
		if err != nil {
			t.Fatalf("after %d messages: %v", len(msgs), err)
		}
	}
	return msgs, f.Position()
}

// A follower sees each record once, in order, while they are stored, over rotations, and
// goes on at any of its positions, after a restart too.
func TestFollow(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		o.Dir, o.Lanes, o.BatchSize, o.SegmentSize, o.Batches = t.TempDir(), 1, 2<<10, 8<<10, 4
		s := open(t, o)
		const n = 2000
		p := newProducer(s, 0, "lane0")
		done := make(chan struct{})
		go func() { defer close(done); p.run(n) }()
		var msgs []string
		var at Position
		for len(msgs) < n/2 { // from where the last follower was
			var more []string
			more, at = follow(t, s, at, 1)
			msgs = append(msgs, more...)
		}
		<-done
		closeStore(t, s)
		s = open(t, o)
		more, at := follow(t, s, at, n-len(msgs))
		check(t, append(msgs, more...), map[string]int{"lane0": n})
		if err := s.store(t, "lane0 00002000 "); err != nil {
			t.Fatal(err)
		}
		if last, _ := follow(t, s, at, 1); !slices.Equal(last, []string{"lane0 00002000 "}) {
			t.Errorf("then came %q", last)
		}
	})
}

// Nothing is delivered that is not as durable as asked for.
func TestFollowNotSooner(t *testing.T) {
	g := newGate()
	s := open(t, Options{Durability: Group, Lanes: 1, FS: &faultFS{sync: func() error { g.pass(); return nil }}})
	got := make(chan error, 1)
	s.begin(t, "message", got)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	f := s.Follow(Position{})
	defer f.Close()
	if err := f.Next(ctx, func(Record) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delivered before the sync: %v", err)
	}
	g.open()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if msgs, _ := follow(t, s, Position{}, 1); msgs[0] != "message" {
		t.Errorf("got %q", msgs)
	}
}

// A batch whose delivery failed is delivered again.
func TestFollowAgain(t *testing.T) {
	s := open(t, Options{Durability: Group, Lanes: 1})
	for i := range 3 {
		if err := s.store(t, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	f := s.Follow(Position{})
	defer f.Close()
	failed := errors.New("failed")
	var got []string
	for i := range 6 {
		err := f.Next(t.Context(), func(r Record) error {
			if i%2 == 0 {
				return failed
			}
			got = append(got, string(r.Msg))
			return nil
		})
		if (i%2 == 0) != errors.Is(err, failed) {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("got %q", got)
	}
}

// A follower that finds segments gone, or damaged, says so and goes on; those that it
// holds are not removed by retention.
func TestFollowGaps(t *testing.T) {
	dir, paths := fill(t, 6)
	remove(paths[2])
	b, _ := os.ReadFile(paths[4])
	b[2*headerSize+10] ^= 1
	write(t, paths[4], b)
	s := open(t, Options{Dir: dir})
	f := s.Follow(Position{})
	defer f.Close()
	n, gaps := 0, 0
	for n < 4 {
		err := f.Next(t.Context(), func(Record) error { n++; return nil })
		if errors.Is(err, ErrGap) || errors.Is(err, ErrTorn) {
			gaps++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if gaps != 2 {
		t.Errorf("told of %d gaps", gaps)
	}
}

func TestHold(t *testing.T) {
	dir, _ := fill(t, 6)
	s := open(t, Options{Dir: dir, KeepSize: 1, Durability: Group})
	eventually(t, "removal of all", func() bool { return s.stats.Removed.Load() == 6 })
	closeStore(t, s)
	dir, paths := fill(t, 6)
	s = open(t, Options{Dir: dir})
	s.opts.KeepSize = 1
	s.Hold("sink", 4)
	s.keep()
	if left, _ := Segments(dir); !slices.Equal(left[:3], paths[3:]) {
		t.Errorf("left are %v", left)
	}
	s.Hold("sink", ^uint64(0))
	s.keep()
	if left, _ := Segments(dir); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
	closeStore(t, s)
}
