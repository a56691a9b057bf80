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
		{"line\n5 <1>o\nline\n", result{msgs: []string{"line", "<1>o\n", "line"}}},
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
		{"9999999999 x", result{err: ErrFrame}},
		{"5 hello99 x\n", result{msgs: []string{"hello"}, err: ErrFrame}},
		{"5 hello\n99 x\n", result{msgs: []string{"hello"}, err: ErrFrame}}, // an empty line is none
		{"99999999999999999999 x", result{msgs: []string{"9999999999"}, oversized: 1}},
		{"1\n", result{msgs: []string{"1"}}},
		// Lines that begin with a number.
		{"ok\n3x", result{msgs: []string{"ok", "3x"}}},
		{"ok\n3x\n<13>ok\n", result{msgs: []string{"ok", "3x", "<13>ok"}}},
		{"2026-01-01\r\n<13>ok\n", result{msgs: []string{"2026-01-01", "<13>ok"}}},
		{"12:30 x\n4 <1>o4 o\n", result{msgs: []string{"12:30 x", "<1>o", "4 o"}}},
		{"ok\n2 was it\n", result{msgs: []string{"ok", "2 was it"}}},
		{"ok\n2 \n3 <4>x\n", result{msgs: []string{"ok", "2 ", "<4>", "x"}}},
		{"ok\n99 too\nok\n", result{msgs: []string{"ok", "99 too", "ok"}}},
		{"ok\n99 <1>a\nok\n", result{msgs: []string{"ok", "99 <1>a", "ok"}}},
		{"ok\n12345678901 x\nok\n", result{msgs: []string{"ok", "1234567890", "ok"}, oversized: 1}},
		{strings.Repeat("y", 20) + "\n3 y\n", result{msgs: []string{strings.Repeat("y", 10), "3 y"}, oversized: 1}},
		{"ok\n10", result{msgs: []string{"ok", "10"}}},
		{"ok\n10 ", result{msgs: []string{"ok", "10 "}}},
		{"ok\n10 <", result{msgs: []string{"ok", "<"}, err: ErrHalfFrame}},
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

// TestShortLimit: a limit below the length of what may be a count.
func TestShortLimit(t *testing.T) {
	want := result{msgs: []string{"a", "1", "b"}, oversized: 1}
	for _, cut := range []func(int) int{whole, func(int) int { return 1 }} {
		if got := split([]byte("a\n1234567890 x\nb\n"), 1, cut, never); !got.equal(want) {
			t.Errorf("%v; want %v", got, want)
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
	for _, s := range []string{"a\nb\r\n", "5 hello3 abc", "12 x", strings.Repeat("z", 50) + "\n", "3 \x00\n\n", "1\n", "7 a\nb\nc\n",
		"<1>a\n2026-01-01 x\n<1>b\n", "a\n5 <1>bc5 year\n", "a\n99999 b\n99 <c\n", "12345678901234 x\n4 <1>a", "a\n12", "a\n12 ", "4 <1>a\n21 x"} {
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

// TestAllocations: whole frames in a chunk cost no memory, lines that begin with
// digits some once.
func TestAllocations(t *testing.T) {
	chunk := []byte("<13>a line\n8 <13>abcd2026-01-01 x\n2026 x\n")
	s := NewSplitter(100)
	msgs := 0
	emit := func([]byte) bool { msgs++; return true }
	n := testing.AllocsPerRun(100, func() {
		if _, err := s.Feed(chunk, emit); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 || msgs != 4*101 {
		t.Errorf("%v allocations; %d messages", n, msgs)
	}
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
