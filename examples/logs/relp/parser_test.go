package relp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// result is what a stream gives.
type result struct {
	msgs   []string // "txnr:message"
	out    string
	closed bool
	err    error
}

// parse feeds stream in pieces; refuse says whether the next message is to be
// refused once.
func parse(stream []byte, limit int, cut func(left int) int, refuse func() bool) (r result) {
	p := NewParser(limit)
	refused := false
	emit := func(txnr uint32, msg []byte) bool {
		if !refused && refuse() {
			refused = true
			return false
		}
		refused = false
		r.msgs = append(r.msgs, fmt.Sprintf("%d:%s", txnr, msg))
		return true
	}
	for (len(stream) > 0 || refused) && r.err == nil {
		var piece []byte
		if len(stream) > 0 {
			piece = stream[:cut(len(stream))]
		}
		n, err := p.Feed(piece, emit)
		stream, r.err = stream[n:], err
	}
	r.out, r.closed = string(p.Out), p.Closed
	return r
}

func whole(left int) int { return left }
func never() bool        { return false }

func (r result) equal(o result) bool {
	for _, e := range []error{ErrFrame, ErrTooLong, ErrTxnr} {
		if errors.Is(r.err, e) != errors.Is(o.err, e) {
			return false
		}
	}
	return fmt.Sprintf("%q %q %v", r.msgs, r.out, r.closed) == fmt.Sprintf("%q %q %v", o.msgs, o.out, o.closed)
}

func TestParser(t *testing.T) {
	const opened = "1 rsp 80 200 OK\nrelp_version=0\nrelp_software=uringnet-logserver\ncommands=syslog\n"
	for _, c := range []struct {
		stream string
		want   result
	}{
		{"", result{}},
		{"1 open 15 commands=syslog\n2 syslog 5 hello\n", result{msgs: []string{"2:hello"}, out: strings.Replace(opened, "80", fmt.Sprint(len(offers)), 1)}},
		{"1 open 0\n2 syslog 3 a\nb\n3 syslog 1 \x00\n", result{msgs: []string{"2:a\nb", "3:\x00"}, out: strings.Replace(opened, "80", fmt.Sprint(len(offers)), 1)}},
		{"1 syslog 0\n", result{msgs: []string{"1:"}}},
		{"1 syslog 1 a\n2 close 0\n", result{msgs: []string{"1:a"}, out: "2 rsp 6 200 OK\n0 serverclose 0\n", closed: true}},
		{"1 starttls 0\n", result{out: "1 rsp 19 500 unknown command\n"}},
		{"1 syslog 1 a\n3 syslog 1 b\n", result{msgs: []string{"1:a"}, err: ErrTxnr}},
		{"999999999 syslog 1 a\n1 syslog 1 b\n", result{msgs: []string{"999999999:a", "1:b"}}},
		{"0 syslog 1 a\n", result{err: ErrTxnr}},
		{"1 syslog 21 aaaaaaaaaaaaaaaaaaaaa\n", result{err: ErrTooLong}},
		{"1 syslog 999999999 a", result{err: ErrTooLong}},
		{"1 syslog 9999999999 a", result{err: ErrFrame}},
		{"1 syslog -1 a\n", result{err: ErrFrame}},
		{"1 syslog 1 ab\n", result{err: ErrFrame}},
		{"1 syslog 1\n", result{err: ErrFrame}},
		{"x", result{err: ErrFrame}},
		{"\x16\x03\x01\x02\x00", result{err: ErrFrame}},
		{"1  5 a\n", result{err: ErrFrame}},
		{"1 " + strings.Repeat("c", 40), result{err: ErrFrame}},
	} {
		if got := parse([]byte(c.stream), 20, whole, never); !got.equal(c.want) {
			t.Errorf("%q: %+v; want %+v", c.stream, got, c.want)
		}
		if got := parse([]byte(c.stream), 20, func(int) int { return 1 }, never); !got.equal(c.want) {
			t.Errorf("%q byte by byte: %+v; want %+v", c.stream, got, c.want)
		}
	}
}

// FuzzParser: neither how a stream is cut nor refusals change what it gives.
func FuzzParser(f *testing.F) {
	for _, s := range []string{"1 open 0\n2 syslog 5 hello\n3 close 0\n", "1 syslog 3 a\nb\n2 syslog 0\n", "9 x 1 a\n", "1 syslog 30 ", "0 a 0\n"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		want := parse(stream, 20, whole, never)
		got := parse(stream, 20, func(left int) int { return 1 + rnd.IntN(left) }, func() bool { return rnd.IntN(3) == 0 })
		if !got.equal(want) {
			t.Errorf("%q in pieces: %+v; whole: %+v", stream, got, want)
		}
	})
}

func BenchmarkParser(b *testing.B) {
	var chunk []byte
	for i := range 160 {
		chunk = appendFrame(chunk, uint32(i+1), "syslog", []byte(strings.Repeat("x", 100)))
	}
	emit := func(uint32, []byte) bool { return true }
	b.ReportAllocs()
	b.SetBytes(int64(len(chunk)))
	p := NewParser(64 << 10)
	for b.Loop() {
		p.last = 0
		if _, err := p.Feed(chunk, emit); err != nil {
			b.Fatal(err)
		}
	}
}
