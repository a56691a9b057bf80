package relp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
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
		text := fmt.Sprintf("%d:%s", txnr, msg)
		if p.Cut {
			text += "|cut"
		}
		r.msgs = append(r.msgs, text)
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
		// Longer than the limit, which is 20: cut, and what follows is not.
		{"1 syslog 21 " + strings.Repeat("a", 21) + "\n2 syslog 1 b\n", result{msgs: []string{"1:" + strings.Repeat("a", 20) + "|cut", "2:b"}}},
		{"1 syslog 20 " + strings.Repeat("a", 20) + "\n", result{msgs: []string{"1:" + strings.Repeat("a", 20)}}},
		{"1 syslog 99 " + strings.Repeat("\n", 99) + "\n2 close 0\n", result{msgs: []string{"1:" + strings.Repeat("\n", 20) + "|cut"}, out: "2 rsp 6 200 OK\n0 serverclose 0\n", closed: true}},
		{"1 syslog 99 " + strings.Repeat("a", 99) + "x", result{err: ErrFrame}},
		{"1 syslog 999999999 " + strings.Repeat("a", 99), result{}},
		{"1 weird 99 " + strings.Repeat("a", 99) + "\n2 syslog 1 b\n", result{msgs: []string{"2:b"}, out: "1 rsp 19 500 unknown command\n"}},
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

// FuzzParser: neither how a stream is cut nor refusals change what it gives, which
// is what the reference finds in it.
func FuzzParser(f *testing.F) {
	for _, s := range []string{"1 open 0\n2 syslog 5 hello\n3 close 0\n", "1 syslog 3 a\nb\n2 syslog 0\n", "9 x 1 a\n", "1 syslog 30 ", "0 a 0\n",
		"1 syslog 25 abcdefghijklmnopqrstuvwxy\n2 syslog 1 z\n", "1 syslog 25 abcdefghijklmnopqrstuvwx\n\n", "7 weird 22 aaaaaaaaaaaaaaaaaaaaaa\n8 syslog 0 \n"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		want := parse(stream, 20, whole, never)
		got := parse(stream, 20, func(left int) int { return 1 + rnd.IntN(left) }, func() bool { return rnd.IntN(3) == 0 })
		if !got.equal(want) {
			t.Errorf("%q in pieces: %+v; whole: %+v", stream, got, want)
		}
		if msgs := reference(stream, 20); fmt.Sprintf("%q", msgs) != fmt.Sprintf("%q", want.msgs) {
			t.Errorf("%q: %q; the reference: %q", stream, want.msgs, msgs)
		}
	})
}

// head is how a frame begins.
var head = regexp.MustCompile(`^([0-9]{1,9}) ([^ \n]{1,32}) ([0-9]{1,9})([ \n])`)

// reference returns the messages of a stream up to what is no frame.
func reference(stream []byte, limit int) (msgs []string) {
	for last := 0; ; {
		m := head.FindSubmatch(stream)
		if m == nil {
			return msgs
		}
		txnr, _ := strconv.Atoi(string(m[1]))
		length, _ := strconv.Atoi(string(m[3]))
		data := stream[len(m[0]):]
		if m[4][0] == '\n' {
			data = stream[len(m[0])-1:]
		}
		if txnr == 0 || last > 0 && txnr != last%maxTxnr+1 || len(data) <= length || data[length] != '\n' || m[4][0] == '\n' && length > 0 {
			return msgs
		}
		switch string(m[2]) {
		case "syslog":
			text := fmt.Sprintf("%d:%s", txnr, data[:min(length, limit)])
			if length > limit {
				text += "|cut"
			}
			msgs = append(msgs, text)
		case "close":
			return msgs
		}
		last, stream = txnr, data[length+1:]
	}
}

// TestSpill: the pieces of a message have its number, and make it up; the last
// says so, and an idle Parser has no buffer.
func TestSpill(t *testing.T) {
	for _, length := range []int{4000, 9000} {
		t.Run(fmt.Sprint(length), func(t *testing.T) {
			p := NewParser(4000)
			var kinds, text string
			refuse := false
			emit := func(txnr uint32, msg []byte) bool {
				if refuse {
					return false
				}
				if txnr != 7 || p.Cut != (!p.More && length > 4000) {
					t.Errorf("number %d, cut %v, more %v", txnr, p.Cut, p.More)
				}
				text += string(msg)
				kinds += map[bool]string{true: "+", false: "."}[p.More]
				return true
			}
			feed := func(s string) {
				if n, err := p.Feed([]byte(s), emit); n != len(s) || err != nil {
					t.Errorf("%d bytes of %d used, %v", n, len(s), err)
				}
			}
			feed(fmt.Sprintf("7 syslog %d ", length))
			for range 4 {
				feed(strings.Repeat("x", 1000))
				refuse = !refuse
				p.Spill(emit)
				if refuse {
					refuse = false
					feed("")
				}
				if p.Held() != 0 || !p.Unfinished() {
					t.Errorf("%d bytes held after Spill, unfinished: %v", p.Held(), p.Unfinished())
				}
			}
			feed(strings.Repeat("y", length-4000))
			p.Spill(emit) // of one byte: nothing
			feed("\n")
			if p.Held() != 0 || p.Unfinished() {
				t.Errorf("%d bytes held after the end, unfinished: %v", p.Held(), p.Unfinished())
			}
			if kinds != "++++." || text != strings.Repeat("x", 4000) {
				t.Errorf("messages %s of %d bytes", kinds, len(text))
			}
		})
	}
}

// TestSkipped: what is skipped is not kept, and the message waits for its end.
func TestSkipped(t *testing.T) {
	p := NewParser(100)
	var got []string
	emit := func(_ uint32, msg []byte) bool { got = append(got, string(msg)); return true }
	chunk := []byte(strings.Repeat("x", 1000))
	if _, err := p.Feed([]byte("1 syslog 10000000 "), emit); err != nil {
		t.Fatal(err)
	}
	for range 10000 {
		if n, err := p.Feed(chunk, emit); n != len(chunk) || err != nil || len(got) > 0 || p.Held() > 1<<10 {
			t.Fatalf("%d bytes used, %v, %d messages, %d bytes held", n, err, len(got), p.Held())
		}
	}
	if _, err := p.Feed([]byte("\n"), emit); err != nil || len(got) != 1 || len(got[0]) != 100 || p.Oversized != 1 || p.Held() != 0 {
		t.Errorf("%v, %d messages, %d oversized, %d bytes held", err, len(got), p.Oversized, p.Held())
	}
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
