package frame

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// result is what a stream gives.
type result struct {
	msgs      []string // with "|cut" or "|more" behind them
	oversized uint64
	err       error
}

func (r *result) add(msg []byte, cut, more bool) {
	text := string(msg)
	if cut {
		text += "|cut"
	}
	if more {
		text += "|more"
	}
	r.msgs = append(r.msgs, text)
}

// split feeds pieces; refuse says whether the next message is to be refused once.
func split(pieces [][]byte, limit int, refuse func() bool) (r result) {
	s := NewSplitter(limit)
	refused := false
	emit := func(msg []byte) bool {
		if !refused && refuse() {
			refused = true
			return false
		}
		refused = false
		r.add(msg, s.Cut, s.More)
		return true
	}
	for _, p := range pieces {
		for more := true; more; more = refused || len(p) > 0 {
			n := s.Feed(p, emit)
			p = p[n:]
		}
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

// whole is a stream in one piece, single one in pieces of a byte.
func whole(stream string) [][]byte { return [][]byte{[]byte(stream)} }

func single(stream string) (pieces [][]byte) {
	for i := range len(stream) {
		pieces = append(pieces, []byte{stream[i]})
	}
	return pieces
}

func never() bool  { return false }
func always() bool { return true }

func (r result) equal(o result) bool {
	return fmt.Sprintf("%q %d", r.msgs, r.oversized) == fmt.Sprintf("%q %d", o.msgs, o.oversized) &&
		errors.Is(r.err, ErrHalfFrame) == errors.Is(o.err, ErrHalfFrame)
}

func (r result) String() string {
	return fmt.Sprintf("%q, %d oversized, %v", r.msgs, r.oversized, r.err)
}

// y makes a text of n bytes.
func y(n int) string { return strings.Repeat("y", n) }

func TestSplitter(t *testing.T) {
	for _, c := range []struct {
		stream string
		want   result
	}{
		{"", result{}},
		{"a\nb\r\n\n\r\nc", result{msgs: []string{"a", "b", "c"}}},
		{"8 <1>hello5 <1>\nb4 <1>\x00\n", result{msgs: []string{"<1>hello", "<1>\nb", "<1>\x00"}}},
		{"line\n5 <1>o\nline\n", result{msgs: []string{"line", "<1>o\n", "line"}}},
		{"nul \x00 kept\n", result{msgs: []string{"nul \x00 kept"}}},
		{"0 a line\n", result{msgs: []string{"0 a line"}}},
		// Longer than the limit, which is 16.
		{"0123456789abcdef\nx", result{msgs: []string{"0123456789abcdef", "x"}}},
		{y(16) + "\r\n" + y(16), result{msgs: []string{y(16), y(16)}}},
		{y(17) + "\r\nx\n", result{msgs: []string{y(16) + "|more", "y", "x"}, oversized: 1}},
		{y(50) + "\nnext\n", result{msgs: []string{y(16) + "|more", y(16) + "|more", y(16) + "|more", "yy", "next"}, oversized: 1}},
		{y(32) + "\n", result{msgs: []string{y(16) + "|more", y(16)}, oversized: 1}},
		{y(16) + "\ry", result{msgs: []string{y(16) + "|more", "\ry"}, oversized: 1}},
		{y(15) + "\ryy", result{msgs: []string{y(15) + "\r|more", "yy"}, oversized: 1}},
		{"20 <1>" + y(17) + "<1>x\n", result{msgs: []string{"<1>" + y(13) + "|cut", "<1>x"}, oversized: 1}},
		{"20 <1>" + y(17), result{msgs: []string{"<1>" + y(13) + "|cut"}, oversized: 1}},
		{"20 <1>" + y(15), result{msgs: []string{"<1>" + y(13) + "|cut"}, oversized: 1, err: ErrHalfFrame}},
		// The end inside a frame.
		{"10 <half", result{msgs: []string{"<half|cut"}, err: ErrHalfFrame}},
		{"10 half", result{msgs: []string{"10 half"}}},
		{"10 ", result{msgs: []string{"10 "}}},
		{"10", result{msgs: []string{"10"}}},
		// Lines that begin with a number.
		{"500 Internal Server Error\n", result{msgs: []string{"500 Internal Ser|more", "ver Error"}, oversized: 1}},
		{"404404 requests\n<1>a\n", result{msgs: []string{"404404 requests", "<1>a"}}},
		{"3x\n<13>ok\n", result{msgs: []string{"3x", "<13>ok"}}},
		{"2026-01-01\r\n<13>ok\n", result{msgs: []string{"2026-01-01", "<13>ok"}}},
		{"12:30 x\n4 <1>o4 o\n", result{msgs: []string{"12:30 x", "<1>o", "4 o"}}},
		{"2 \n3 <4>x\n", result{msgs: []string{"2 ", "<4>", "x"}}},
		{"1234567890 <1>\n", result{msgs: []string{"1234567890 <1>"}}},
		{"999999999 <" + y(20), result{msgs: []string{"<" + y(15) + "|cut"}, oversized: 1, err: ErrHalfFrame}},
		// NUL.
		{"<1>a\x00<1>b\x00<1>c\x00", result{msgs: []string{"<1>a", "<1>b", "<1>c"}}},
		{"<1>a\x00<1>b\n<1>c\x00\n", result{msgs: []string{"<1>a", "<1>b", "<1>c"}}},
		{"a\x00<1>b\x00", result{msgs: []string{"a", "<1>b"}}},
		{"a\x00b\x00c\x00", result{msgs: []string{"a\x00b\x00c"}}},
		{"4 <1>a\x004 <1>b\x00<1>c\x00", result{msgs: []string{"<1>a", "<1>b", "<1>c"}}},
		{"5 <1>a\x004 <1>b", result{msgs: []string{"<1>a\x00", "<1>b"}}},
		{y(16) + "\x00<1>b\x00", result{msgs: []string{y(16), "<1>b"}}},
		{y(16) + "\x00y\x00", result{msgs: []string{y(16) + "|more", "\x00y"}, oversized: 1}},
	} {
		if got := split(whole(c.stream), 16, never); !got.equal(c.want) {
			t.Errorf("%q: %v; want %v", c.stream, got, c.want)
		}
		if got := split(single(c.stream), 16, never); !got.equal(c.want) {
			t.Errorf("%q byte by byte: %v; want %v", c.stream, got, c.want)
		}
		if got := split(whole(c.stream), 16, always); !got.equal(c.want) {
			t.Errorf("%q with each message refused once: %v; want %v", c.stream, got, c.want)
		}
		if got := reference(whole(c.stream), 16); !got.equal(c.want) {
			t.Errorf("the reference: %q: %v; want %v", c.stream, got, c.want)
		}
	}
}

// TestNUL: what a NUL is depends on what comes behind it, and on whether
// something does.
func TestNUL(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		want   []string // after each piece
	}{
		{[]string{"<1>a \x00 b\x00", "<1>c"}, []string{`["<1>a \x00 b"]`, `["<1>a \x00 b"]`}},
		{[]string{"<1>a\x00", "b\x00<"}, []string{`["<1>a"]`, `["<1>a" "b"]`}},
		{[]string{"a\x00", "<1>"}, []string{`[]`, `["a"]`}},
		{[]string{"a\x00", "b\n"}, []string{`[]`, `["a\x00b"]`}},
		{[]string{"a\x00", "\n"}, []string{`[]`, `["a"]`}},
		{[]string{"<1>a", "\x00", "<1>b\x00"}, []string{`[]`, `["<1>a"]`, `["<1>a" "<1>b"]`}},
		{[]string{"404 x\x00", "<1>a\x00"}, []string{`[]`, `["404 x" "<1>a"]`}},
	} {
		s := NewSplitter(100)
		got := []string{}
		for i, p := range c.pieces {
			s.Feed([]byte(p), func(msg []byte) bool { got = append(got, string(msg)); return true })
			if text := fmt.Sprintf("%q", got); text != c.want[i] {
				t.Errorf("%q, after piece %d: %s, want %s", c.pieces, i, text, c.want[i])
			}
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
			s.Feed([]byte("20 <half"), take)
			if err := s.End(func([]byte) bool { return false }); err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.feed {
				s.Feed(nil, take)
			}
			if err := s.End(take); !errors.Is(err, ErrHalfFrame) {
				t.Errorf("End: %v, want %v", err, ErrHalfFrame)
			}
			if err := s.End(take); err != nil {
				t.Errorf("End says it again: %v", err)
			}
			if len(got) != 1 || got[0] != "<half" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// FuzzSplitter compares with the reference; refusals change nothing.
func FuzzSplitter(f *testing.F) {
	for _, s := range []string{"a\nb\r\n", "5 <hel3 <bc", "12 <", strings.Repeat("z", 50) + "\n", "3 \x00\n\n", "1\n", "7 <\nb\nc\n",
		"<1>a\n2026-01-01 x\n<1>b\n", "a\n5 <1>bc5 year\n", "a\n99999 b\n99 <c\n", "12345678901234 x\n4 <1>a", "a\n12", "a\n12 ", "4 <1>a\n21 x",
		"<1>a\x00<1>b\x00", "<1>a \x00 b\x00\n4 <1>c\x00", "22 <" + y(30) + "\x00<", y(20) + "\x00\x00<\r", "a\x00b\r\x00\n\x00"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		const limit = 20
		rnd := rand.New(rand.NewPCG(seed, 1))
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := 1 + rnd.IntN(len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		want := reference(pieces, limit)
		if got := split(pieces, limit, never); !got.equal(want) {
			t.Errorf("%q: %v; want %v", pieces, got, want)
		}
		if got := split(pieces, limit, func() bool { return rnd.IntN(3) == 0 }); !got.equal(want) {
			t.Errorf("%q with refusals: %v; want %v", pieces, got, want)
		}
	})
}

// TestAllocations: whole frames in a chunk cost no memory, and what is kept of
// others is lent.
func TestAllocations(t *testing.T) {
	chunk := []byte("<13>a line\n8 <13>abcd2026-01-01 x\n2026 x\n<14>nul\x00<14>" + y(60))
	end := []byte("\n")
	s := NewSplitter(100)
	msgs := 0
	emit := func([]byte) bool { msgs++; return true }
	n := testing.AllocsPerRun(100, func() {
		s.Feed(chunk, emit)
		s.Feed(end, emit)
	})
	if n != 0 || msgs != 6*101 {
		t.Errorf("%v allocations; %d messages", n, msgs)
	}
}

func BenchmarkLines(b *testing.B) {
	for _, end := range []string{"\n", "\x00"} {
		b.Run(fmt.Sprintf("%q", end), func(b *testing.B) {
			chunk := []byte(strings.Repeat("<"+strings.Repeat("x", 99)+end, 160))
			s := NewSplitter(64 << 10)
			n := 0
			emit := func([]byte) bool { n++; return true }
			b.ReportAllocs()
			b.SetBytes(int64(len(chunk)))
			for b.Loop() {
				s.Feed(chunk, emit)
			}
			if n != b.N*160 {
				b.Errorf("%d messages in %d chunks", n, b.N)
			}
		})
	}
}
