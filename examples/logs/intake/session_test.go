package intake

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

const good = "<165>1 2026-05-06T07:08:09Z host app - - - hello" // severity 5

// Lines and octet-counted frames, whole and not, well-formed and not.
func TestLines(t *testing.T) {
	for _, chunk := range []int{1 << 20, 7, 1} {
		f := newFixture(t, store.Options{Lanes: 1}, Config{MaxLine: 100})
		long := "<0>" + strings.Repeat("l", 200)
		in := good + "\n" +
			fmt.Sprintf("%d %s", len(good), good) +
			"no header\r\n\n" +
			"<11>May  6 07:08:09 host su: 3164\n" +
			long + "\n" +
			"<12>1 unfinished"
		x := f.NewSession(&fakePeer{}, Auto, 0, nil)
		for c := range slices.Chunk([]byte(in), chunk) {
			x.Data(c)
		}
		x.End(io.EOF)
		want := []record{
			{good, 5, false}, {good, 5, false}, {"no header", 5, true},
			{"<11>May  6 07:08:09 host su: 3164", 3, false},
			{long[:100], 0, true}, {long[100:200], 0, true}, {long[200:], 0, true}, {"<12>1 unfinished", 4, true},
		}
		if got := f.stored(); !slices.Equal(got, want) {
			t.Errorf("chunks of %d: got %+v, want %+v", chunk, got, want)
		}
		f.wantCounts(8, 0, 0)
		st := f.stats
		if n := st.Malformed.Load(); n != 5 {
			t.Errorf("%d malformed, want 5", n)
		}
		if n := st.Oversized.Load(); n != 1 {
			t.Errorf("%d oversized, want 1", n)
		}
		if n := st.BytesIn.Load(); n != uint64(len(in)) {
			t.Errorf("%d bytes in, want %d", n, len(in))
		}
		for i, n := range []uint64{3, 0, 0, 1, 1, 3, 0, 0} {
			if got := st.Severity[i].Load(); got != n {
				t.Errorf("severity %d: %d, want %d", i, got, n)
			}
		}
		if n := st.ConnsTotal.Load(); n != 1 {
			t.Errorf("%d connections ever, want 1", n)
		}
	}
}

// Lines that begin with digits are no reason to end a connection: they are stored
// and counted as malformed, and what comes after them is stored, too.
func TestLinesOfDigits(t *testing.T) {
	for _, chunk := range []int{1 << 20, 7, 1} {
		f := newFixture(t, store.Options{Lanes: 1}, Config{MaxLine: 100})
		in := []string{
			"<13>hello", "2026-01-01 plain", "<13>after", "2026 was a year", "99 bottles",
			"12345678901234567890", "<13>end", "7",
		}
		p := &fakePeer{}
		x := f.NewSession(p, Auto, 0, nil)
		for c := range slices.Chunk([]byte(strings.Join(in, "\n")), chunk) {
			x.Data(c)
		}
		if p.isClosed() {
			t.Errorf("chunks of %d: the connection was closed", chunk)
		}
		x.End(io.EOF)
		if got := f.messages(); !slices.Equal(got, in) {
			t.Errorf("chunks of %d: stored %q, want %q", chunk, got, in)
		}
		f.wantCounts(len(in), 0, 0)
	}
}

// RELP's acknowledgements come after the store has the logs, all of them, in
// order; close is answered last.
func TestRELP(t *testing.T) {
	for _, d := range []store.Durability{store.None, store.Interval, store.Group} {
		for _, chunk := range []int{1 << 20, 5, 1} {
			f := newFixture(t, store.Options{Durability: d}, Config{})
			p := &fakePeer{}
			x := f.NewSession(p, RELP, 0, nil)
			f.disk.hold()
			in := relpOpen + relpFrame(2, "syslog", good) + relpFrame(3, "syslog", "two") +
				relpFrame(4, "weird", "") + relpFrame(5, "syslog", "three") + relpFrame(6, "close", "")
			for c := range slices.Chunk([]byte(in), chunk) {
				x.Data(c)
			}
			if got := p.written(); strings.Count(got, "rsp") != 1 || !strings.HasPrefix(got, "1 rsp ") {
				t.Errorf("written before anything is stored: %q", got)
			}
			f.disk.release()
			eventually(t, "the close", p.isClosed)
			_, rest, _ := strings.Cut(p.written(), "commands=syslog\n")
			rest = mustPrefix(t, rest, ack(2, 3)+"4 rsp ")
			_, rest, _ = strings.Cut(rest, "\n")
			rest = mustPrefix(t, rest, ack(5)+"6 rsp ")
			if !strings.HasSuffix(rest, "0 serverclose 0\n") {
				t.Errorf("the close is answered by %q", rest)
			}
			x.End(net.ErrClosed)
			if got, want := f.messages(), []string{good, "two", "three"}; !slices.Equal(got, want) {
				t.Errorf("stored %q, want %q", got, want)
			}
			f.wantCounts(3, 0, 0)
			if n := f.stats.Acks.Load(); n != 3 {
				t.Errorf("%d acknowledged, want 3", n)
			}
		}
	}
}

// Transactions go on at 1 after 999999999.
func TestTxnrWraps(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	p := &fakePeer{}
	x := f.NewSession(p, RELP, 0, nil)
	x.Data([]byte(relpFrame(999999998, "syslog", "a") + relpFrame(999999999, "syslog", "b") +
		relpFrame(1, "syslog", "c")))
	want := ack(999999998, 999999999, 1)
	eventually(t, "acknowledgements", func() bool { return len(p.written()) >= len(want) })
	if got := p.written(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	x.End(io.EOF)
	f.wantCounts(3, 0, 0)
}

// Bad input ends its connection and no other; what came before it is stored,
// and acknowledged before the connection is closed.
func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		name  string
		proto Proto
		in    string
		end   bool // it is bad because it ends there
		msgs  []string
		acks  string
	}{
		{"half frame", Auto, "a\n10 <half", true, []string{"a", "<half"}, ""},
		{"half of a long frame", Auto, "a\n99999999 <" + strings.Repeat("h", 2000), true, []string{"a", "<" + strings.Repeat("h", 999)}, ""},
		{"TLS", Auto, "\x16\x03\x01\x02\x00\x01\x00\x01", false, nil, ""},
		{"TLS on RELP", RELP, "\x16\x03\x01\x02\x00\x01\x00\x01", false, nil, ""},
		{"garbage", RELP, relpFrame(1, "syslog", "a") + "garbage\n", false, []string{"a"}, ack(1)},
		{"wrong txnr", RELP, relpFrame(1, "syslog", "a") + relpFrame(3, "syslog", "b"), false,
			[]string{"a"}, ack(1)},
		{"absurd length", RELP, relpFrame(1, "syslog", "a") + "2 syslog 9999999999 ", false, []string{"a"}, ack(1)},
		{"garbage length", RELP, "1 syslog xx yy", false, nil, ""},
		{"half RELP frame", RELP, relpFrame(1, "syslog", "a") + "2 syslog 10 ha", true, []string{"a"}, ack(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, store.Options{Lanes: 1, Durability: store.Group}, Config{MaxLine: 1000})
			p, other := &fakePeer{}, &fakePeer{}
			y := f.NewSession(other, RELP, 0, nil)
			y.Data([]byte(relpFrame(1, "syslog", "other")))
			eventually(t, "the other", func() bool { return other.written() == ack(1) })
			x := f.NewSession(p, c.proto, 0, nil)
			x.Data([]byte(c.in))
			if c.end {
				x.End(io.EOF)
			}
			eventually(t, "the connection to be closed", p.isClosed)
			x.Data([]byte("more\n"))
			x.End(net.ErrClosed)
			if got := p.written(); got != c.acks {
				t.Errorf("acknowledged %q, want %q", got, c.acks)
			}
			select {
			case err := <-f.why:
				t.Log(err)
			default:
				t.Error("nobody was told why")
			}
			y.Data([]byte(relpFrame(2, "syslog", "still here")))
			eventually(t, "the other", func() bool { return other.written() == ack(1, 2) })
			y.End(io.EOF)
			want := append(append([]string{"other"}, c.msgs...), "still here")
			if got := f.messages(); !slices.Equal(got, want) {
				t.Errorf("stored %q, want %q", got, want)
			}
			f.wantCounts(len(want), 1, 1)
		})
	}
}

// How a connection ends is counted as an error or not.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		err    error
		errors int
	}{{nil, 0}, {io.EOF, 0}, {net.ErrClosed, 0}, {syscall.ECONNRESET, 1}} {
		f := newFixture(t, store.Options{}, Config{})
		x := f.NewSession(&fakePeer{}, Auto, 0, nil)
		x.Data([]byte("partial"))
		x.End(c.err)
		x.End(c.err)
		if got := f.messages(); !slices.Equal(got, []string{"partial"}) {
			t.Errorf("%v: stored %q", c.err, got)
		}
		f.wantCounts(1, 0, c.errors)
	}
}

// A client that does not read what it is told is closed, not waited for.
func TestUnread(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{MaxUnread: 1000})
	p := &fakePeer{unread: 1000}
	x := f.NewSession(p, RELP, 0, nil)
	x.Data([]byte(relpFrame(1, "syslog", "a")))
	eventually(t, "the acknowledgement", func() bool { return p.written() == ack(1) })
	if p.isClosed() {
		t.Error("closed at the limit")
	}
	p.mu.Lock()
	p.unread++
	p.mu.Unlock()
	x.Data([]byte(relpFrame(2, "syslog", "b")))
	eventually(t, "the close", p.isClosed)
	x.End(net.ErrClosed)
	f.messages()
	f.wantCounts(2, 0, 1)
}

// What the store gives up is not acknowledged, and the client is sent away.
func TestStoreGivesUp(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	p := &fakePeer{}
	x := f.NewSession(p, RELP, 0, nil)
	x.Stored(1, errors.New("closed on a full disk"))
	if !p.isClosed() {
		t.Error("the connection was not closed")
	}
	x.Data([]byte(relpFrame(1, "syslog", "a")))
	x.End(net.ErrClosed)
	f.messages()
	if p.written() != "" {
		t.Errorf("acknowledged %q", p.written())
	}
}

// A session that is fed when the store is closed ends.
func TestStoreClosed(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	p := &fakePeer{}
	x := f.NewSession(p, RELP, 0, nil)
	f.messages()
	x.Data([]byte(relpFrame(1, "syslog", "a")))
	eventually(t, "the close", p.isClosed)
	x.End(net.ErrClosed)
	f.wantCounts(0, 0, 0)
}

// Taking a message allocates nothing; a chunk of them may now and then.
func TestAllocations(t *testing.T) {
	for _, proto := range []Proto{Auto, RELP} {
		f := newFixture(t, store.Options{}, Config{})
		x := f.NewSession(&fakePeer{out: make([]byte, 0, 1<<20)}, proto, 0, nil)
		const chunks, logs = 100, 100
		in := make([][]byte, chunks)
		for i := range in {
			for k := range logs {
				if proto == RELP {
					in[i] = append(in[i], relpFrame(i*logs+k+1, "syslog", good)...)
				} else {
					in[i] = append(in[i], good+"\n"...)
				}
			}
		}
		i := 0
		n := testing.AllocsPerRun(chunks-1, func() { x.Data(in[i]); i++ })
		if n > logs/10 {
			t.Errorf("proto %v: %v allocations for %d messages", proto, n, logs)
		}
		x.End(io.EOF)
		f.messages()
		f.wantCounts(chunks*logs, 0, 0)
	}
}

// HangUp acknowledges what came before, says that the server closes, and closes;
// what comes after it is not taken. So does an End by ErrHangUp.
func TestHangUp(t *testing.T) {
	for _, end := range []bool{false, true} {
		t.Run(fmt.Sprintf("end=%v", end), func(t *testing.T) {
			f := newFixture(t, store.Options{Lanes: 1, Durability: store.Group}, Config{})
			f.disk.hold()
			p := &fakePeer{}
			x := f.NewSession(p, RELP, 0, nil)
			x.Data([]byte(relpFrame(1, "syslog", "a") + "2 syslog 10 ha"))
			if end {
				x.End(ErrHangUp)
			} else {
				x.HangUp()
				x.HangUp()
				x.Data([]byte("lf a frame\n" + relpFrame(3, "syslog", "late")))
			}
			if got := p.written(); got != "" || p.isClosed() {
				t.Errorf("before anything is stored: %q, closed %v", got, p.isClosed())
			}
			f.disk.release()
			eventually(t, "the close", p.isClosed)
			if got, want := p.written(), ack(1)+"0 serverclose 0\n"; got != want {
				t.Errorf("written %q, want %q", got, want)
			}
			x.End(net.ErrClosed)
			if got := f.messages(); !slices.Equal(got, []string{"a"}) {
				t.Errorf("stored %q", got)
			}
			f.wantCounts(1, 0, 0)
		})
	}
}
