package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// drain reads what a tail has to give, and returns it with the errors on the way.
func drain(t *testing.T, tail *Tail) (msgs []string, bad error) {
	t.Helper()
	for range 10000 {
		found, err := tail.Next(func(b *Batch) error {
			return b.Each(func(r Record) error {
				msgs = append(msgs, string(r.Msg))
				return nil
			})
		})
		if err != nil {
			bad = errors.Join(bad, err)
		} else if !found {
			return msgs, bad
		}
	}
	t.Fatal("there is no end")
	return nil, nil
}

// A tail sees each record once, in order, while they are stored, over rotations and a
// restart, and begins before the directory is there.
func TestTailFollows(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		o.Dir, o.Lanes, o.BatchSize, o.SegmentSize, o.Batches = filepath.Join(t.TempDir(), "dir"), 1, 2<<10, 8<<10, 4
		tail := new(Scanner).Tail(o.Dir, Position{})
		defer tail.Close()
		msgs, err := drain(t, tail)
		if len(msgs) > 0 || err != nil {
			t.Fatalf("of nothing: %q, %v", msgs, err)
		}
		const n = 2000
		for _, part := range []int{n, 2 * n} {
			s := open(t, o)
			done := make(chan struct{})
			before := len(msgs)
			go func() {
				defer close(done)
				newProducer(s, 0, "lane0").run(part - before)
			}()
			for deadline := time.Now().Add(patience); len(msgs) < before+n; {
				more, err := drain(t, tail)
				if err != nil || time.Now().After(deadline) {
					t.Fatalf("after %d: %v", len(msgs), err)
				}
				msgs = append(msgs, more...)
			}
			<-done
			closeStore(t, s)
		}
		check(t, msgs[:n], map[string]int{"lane0": n})
		check(t, msgs[n:], map[string]int{"lane0": n})
	})
}

// What is written in pieces is delivered when it is whole, and then once.
func TestTailTorn(t *testing.T) {
	sm := makeSample(t, false)
	dir, path := sm.in(t, sm.bytes[:0])
	tail := new(Scanner).Tail(dir, Position{})
	defer tail.Close()
	var got []string
	for n := range len(sm.bytes) + 1 {
		write(t, path, sm.bytes[:n])
		msgs, err := drain(t, tail)
		if err != nil {
			t.Fatalf("at %d: %v", n, err)
		}
		if got = append(got, msgs...); len(msgs) > 0 && !slices.Contains(sm.ends, n) {
			t.Fatalf("at %d: %q", n, msgs)
		}
	}
	if !slices.Equal(got, sm.msgs) {
		t.Errorf("got %q, want %q", got, sm.msgs)
	}
}

// Damage, gaps and segments that have gone are told, and passed over.
func TestTailDamage(t *testing.T) {
	dir, paths := fill(t, 6)
	remove(paths[1])
	b, err := os.ReadFile(paths[3])
	if err != nil {
		t.Fatal(err)
	}
	b[2*headerSize+10] ^= 1
	write(t, paths[3], b)
	tail := new(Scanner).Tail(dir, Position{})
	defer tail.Close()
	msgs, bad := drain(t, tail)
	if len(msgs) != 4 || !errors.Is(bad, ErrGap) {
		t.Errorf("%q, %v", msgs, bad)
	}
	// The newest is removed without having had a block, and made again.
	sm := makeSample(t, false)
	dir, path := sm.in(t, sm.bytes[:headerSize])
	tail = new(Scanner).Tail(dir, Position{})
	defer tail.Close()
	if msgs, err := drain(t, tail); len(msgs) > 0 || err != nil {
		t.Fatalf("%q, %v", msgs, err)
	}
	remove(path)
	id, _ := parseSegmentPath(path)
	id.created = id.created.Add(time.Second)
	write(t, filepath.Join(dir, id.name()), sm.bytes)
	if msgs, err := drain(t, tail); !slices.Equal(msgs, sm.msgs) || err != nil {
		t.Errorf("%q, %v; want %q", msgs, err, sm.msgs)
	}
}

// A batch whose delivery failed is delivered again; what a Scanner has delivered is not.
func TestTailAgain(t *testing.T) {
	sm := makeSample(t, false)
	dir, path := sm.in(t, sm.bytes)
	var sc Scanner
	var got []string
	var at Position
	note := func(b *Batch) error {
		at = b.Position()
		return b.Each(func(r Record) error { got = append(got, string(r.Msg)); return nil })
	}
	if err := sc.Batches(path, 0, int64(sm.ends[1]), note); err != nil {
		t.Fatal(err)
	}
	for _, from := range []Position{at, {}} {
		tail := sc.Tail(dir, from)
		failed := errors.New("failed")
		if _, err := tail.Next(func(*Batch) error { return failed }); from != (Position{}) && err != failed {
			t.Errorf("the error is %v", err)
		}
		msgs, err := drain(t, tail)
		if got = append(got, msgs...); err != nil {
			t.Error(err)
		}
		tail.Close()
	}
	if !slices.Equal(got, sm.msgs) {
		t.Errorf("got %q, want %q", got, sm.msgs)
	}
}

// Batches come in either order, from and to where they are asked for.
func TestBatches(t *testing.T) {
	for _, zstd := range []bool{false, true} {
		sm := makeSample(t, zstd)
		_, path := sm.in(t, sm.bytes)
		collect := func(into *[]string) func(b *Batch) error {
			return func(b *Batch) error {
				var msgs []string
				err := b.Each(func(r Record) error { msgs = append(msgs, string(r.Msg)); return nil })
				if len(msgs) != b.Records || b.Begin >= b.End || b.Position().Offset != b.End {
					t.Errorf("batch %+v has %q", b, msgs)
				}
				*into = append(*into, strings.Join(msgs, ""))
				return err
			}
		}
		var all, part, back []string
		if err := new(Scanner).Batches(path, 0, 0, collect(&all)); err != nil {
			t.Fatal(err)
		}
		if err := new(Scanner).Batches(path, int64(sm.ends[1]), int64(sm.ends[3]), collect(&part)); err != nil {
			t.Fatal(err)
		}
		end, err := new(Scanner).BatchesBack(path, collect(&back))
		if err != nil || end != int64(sm.ends[len(sm.ends)-1]) {
			t.Fatalf("the end is at %d, %v", end, err)
		}
		slices.Reverse(back)
		if !slices.Equal(all, sm.msgs) || !slices.Equal(back, all) || !slices.Equal(part, all[1:3]) {
			t.Errorf("all %q\npart %q\nback %q", all, part, back)
		}
		b := slices.Clone(sm.bytes)
		b[sm.ends[1]-2] ^= 1 // a byte of a payload
		write(t, path, b)
		var left []string
		if _, err := new(Scanner).BatchesBack(path, collect(&left)); !errors.Is(err, ErrDamaged) || len(left) != len(all)-1 {
			t.Errorf("damaged: %v, %q", err, left)
		}
	}
}
