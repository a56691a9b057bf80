package frame

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// result is what a stream gives.
type result struct {
	msgs      []string
	oversized uint64
	err       error
}

// split feeds stream in pieces that cut gives the lengths of; refuse says
// whether the next message is to be refused once.
func split(stream []byte, limit int, cut func(left int) int, refuse func() bool) (r result) {
	s := NewSplitter(limit)
	refused := false
	emit := func(msg []byte) bool {
		if !refused && refuse() {
			refused = true
			return false
		}
		refused = false
		r.msgs = append(r.msgs, string(msg))
		return true
	}
	for len(stream) > 0 && r.err == nil {
		piece := stream[:cut(len(stream))]
		n, err := s.Feed(piece, emit)
		stream, r.err = stream[n:], err
	}
	for r.err == nil {
		r.err = s.End(emit)
		if !refused {
			break
		}
	}
	r.oversized = s.Oversized
	return r
}

func whole(left int) int { return left }
func never() bool        { return false }

func (r result) equal(o result) bool {
	return fmt.Sprintf("%q %d", r.msgs, r.oversized) == fmt.Sprintf("%q %d", o.msgs, o.oversized) &&
		errors.Is(r.err, ErrFrame) == errors.Is(o.err, ErrFrame) && errors.Is(r.err, ErrHalfFrame) == errors.Is(o.err, ErrHalfFrame)
}

func (r result) String() string {
	return fmt.Sprintf("%q, %d oversized, %v", r.msgs, r.oversized, r.err)
}

func TestSplitter(t *testing.T) {
	for _, c := range []struct {
		stream string
		want   result
	}{
		{"", result{}},
		{"a\nb\r\n\n\r\nc", result{msgs: []string{"a", "b", "c"}}},
		{"5 hello3 a\nb2 \x00\n", result{msgs: []string{"hello", "a\nb", "\x00\n"}}},
		{"line\n4 oct\nline\n", result{msgs: []string{"line", "oct\n", "line"}}},
		{"nul \x00 kept\n", result{msgs: []string{"nul \x00 kept"}}},
		{"0 a line\n", result{msgs: []string{"0 a line"}}},
		{"exactly ten\n", result{msgs: []string{"exactly te"}, oversized: 1}},
		{"0123456789\nx", result{msgs: []string{"0123456789", "x"}}},
		{strings.Repeat("y", 100) + "\nnext\n", result{msgs: []string{strings.Repeat("y", 10), "next"}, oversized: 1}},
		{strings.Repeat("y", 10) + "\ryyy", result{msgs: []string{strings.Repeat("y", 10)}, oversized: 1}},
		{strings.Repeat("y", 9) + "\ryyy", result{msgs: []string{strings.Repeat("y", 9) + "\r"}, oversized: 1}},
		{"10 half", result{msgs: []string{"half"}, err: ErrHalfFrame}},
		{"10 ", result{err: ErrHalfFrame}},
		{"10", result{err: ErrHalfFrame}},
		{"11 too long", result{err: ErrFrame}},
		{"99999999999999999999 x", result{err: ErrFrame}},
		{"ok\n3x", result{msgs: []string{"ok"}, err: ErrFrame}},
		{"1\n", result{err: ErrFrame}},
	} {
		if got := split([]byte(c.stream), 10, whole, never); !got.equal(c.want) {
			t.Errorf("%q: %v; want %v", c.stream, got, c.want)
		}
		if got := split([]byte(c.stream), 10, func(int) int { return 1 }, never); !got.equal(c.want) {
			t.Errorf("%q byte by byte: %v; want %v", c.stream, got, c.want)
		}
		if got := split([]byte(c.stream), 10, whole, func() bool { return true }); !got.equal(c.want) {
			t.Errorf("%q with each message refused once: %v; want %v", c.stream, got, c.want)
		}
	}
}

// TestHalfFrameRefused: that the stream ended inside a frame is said also if what
// there is of it was refused first, and taken by Feed or by End later.
func TestHalfFrameRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		feed bool
	}{{"taken by Feed", true}, {"taken by End", false}} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSplitter(100)
			var got []string
			take := func(msg []byte) bool { got = append(got, string(msg)); return true }
			if _, err := s.Feed([]byte("20 half"), take); err != nil {
				t.Fatal(err)
			}
			if err := s.End(func([]byte) bool { return false }); err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.feed {
				if _, err := s.Feed(nil, take); err != nil {
					t.Errorf("Feed: %v", err)
				}
			}
			if err := s.End(take); !errors.Is(err, ErrHalfFrame) {
				t.Errorf("End: %v, want %v", err, ErrHalfFrame)
			}
			if err := s.End(take); err != nil {
				t.Errorf("End says it again: %v", err)
			}
			if len(got) != 1 || got[0] != "half" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// FuzzSplitter: neither how a stream is cut nor refusals change what it gives.
func FuzzSplitter(f *testing.F) {
	for _, s := range []string{"a\nb\r\n", "5 hello3 abc", "12 x", strings.Repeat("z", 50) + "\n", "3 \x00\n\n", "1\n", "7 a\nb\nc\n"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		const limit = 20
		rnd := rand.New(rand.NewPCG(seed, 1))
		want := split(stream, limit, whole, never)
		got := split(stream, limit, func(left int) int { return 1 + rnd.IntN(left) }, func() bool { return rnd.IntN(3) == 0 })
		if !got.equal(want) {
			t.Errorf("%q in pieces: %v; whole: %v", stream, got, want)
		}
		for _, m := range want.msgs {
			if len(m) == 0 || len(m) > limit {
				t.Errorf("a message of %d bytes", len(m))
			}
			if !bytes.Contains(stream, []byte(m)) {
				t.Errorf("%q is not in the stream", m)
			}
		}
	})
}

func BenchmarkLines(b *testing.B) {
	chunk := bytes.Repeat([]byte(strings.Repeat("x", 100)+"\n"), 160)
	s := NewSplitter(64 << 10)
	n := 0
	emit := func([]byte) bool { n++; return true }
	b.ReportAllocs()
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		if _, err := s.Feed(chunk, emit); err != nil {
			b.Fatal(err)
		}
	}
}
