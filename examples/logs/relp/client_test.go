package relp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const patience = 20 * time.Second

// pair returns the ends of a loopback connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// script is a server that answers open and then runs what is to happen; frames
// gives it what the client sends.
func script(t *testing.T, conn net.Conn, run func(frames *bufio.Reader)) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r := bufio.NewReader(conn)
		if !strings.HasPrefix(readFrame(t, r), "1 open ") {
			t.Error("the session does not begin with open")
		}
		say(t, conn, "1 rsp 6 200 OK\n")
		run(r)
	}()
	t.Cleanup(func() { <-ended })
}

// readFrame reads one frame whole.
func readFrame(t *testing.T, r *bufio.Reader) string {
	var txnr uint32
	var command string
	var n int
	if _, err := fmt.Fscanf(r, "%d %s %d", &txnr, &command, &n); err != nil {
		t.Errorf("no frame: %v", err)
		return ""
	}
	data := make([]byte, min(n, 1)+n+1)
	if n == 0 {
		data = data[:1]
	}
	if _, err := io.ReadFull(r, data); err != nil {
		t.Errorf("half a frame: %v", err)
	}
	return fmt.Sprintf("%d %s %d%s", txnr, command, n, data)
}

func say(t *testing.T, c net.Conn, s string) {
	if _, err := io.WriteString(c, s); err != nil {
		t.Error(err)
	}
}

func newClient(t *testing.T, conn net.Conn, cfg ClientConfig) *Client {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	c, err := NewClient(conn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	return c
}

// TestClient: what is sent arrives in order, and each acknowledgement counts once
// and in the order of the messages, in whatever order the server gives them.
func TestClient(t *testing.T) {
	const n, window = 5000, 37
	conn, server := pair(t)
	var got []string
	served := make(chan struct{})
	go func() {
		defer close(served)
		got = acknowledgeShuffled(t, server, window)
	}()
	var acked atomic.Int64
	c := newClient(t, conn, ClientConfig{Window: window, Acked: func(n int) { acked.Add(int64(n)) }})
	var want []string
	for i := range n {
		msg := fmt.Sprintf("message %d %s", i, strings.Repeat("x\n", i%50))
		want = append(want, msg)
		if err := c.Send([]byte(msg)); err != nil {
			t.Fatal(err)
		}
		if unacked := c.Unacked(); unacked > window || int64(i+1) > acked.Load()+window {
			t.Fatalf("%d messages are not acknowledged, %d of %d are; the window is %d", unacked, acked.Load(), i+1, window)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	<-served
	if acked.Load() != n {
		t.Errorf("%d acknowledged", acked.Load())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d messages of %d arrived, or in another order", len(got), len(want))
	}
	if err := c.Send(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}
}

// acknowledgeShuffled is a server that holds acknowledgements back and gives them
// in another order.
func acknowledgeShuffled(t *testing.T, conn net.Conn, window int) (got []string) {
	p := NewParser(1 << 20)
	var held []uint32
	buf := make([]byte, 1000)
	for !p.Closed {
		n, err := conn.Read(buf)
		if err != nil {
			t.Errorf("server: %v", err)
			return got
		}
		if _, err := p.Feed(buf[:n], func(txnr uint32, msg []byte) bool {
			got = append(got, string(msg))
			held = append(held, txnr)
			return true
		}); err != nil {
			t.Error(err)
			return got
		}
		if p.Closed && len(held) > 0 {
			t.Error("close before all is acknowledged")
		}
		if len(held) < window && len(got) < 5000 && len(p.Out) == 0 {
			continue // the client goes on until its window is full
		}
		rand.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
		var out []byte
		for _, txnr := range held {
			out = AppendAck(out, txnr)
		}
		held = held[:0]
		if _, err := conn.Write(append(out, p.Out...)); err != nil {
			t.Error(err)
		}
		p.Out = p.Out[:0]
	}
	return got
}

// TestClientEnds: each way a session can go wrong has its error, and frees who
// waits in Send and Close.
func TestClientEnds(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		hangUp       bool
		want         error
	}{
		{"refused", "2 rsp 20 500 the disk is full\n", false, ErrRefused},
		{"server closes", "0 serverclose 0\n", false, ErrServerClosed},
		{"silence", "", false, ErrSilent},
		{"hangs up", "", true, io.EOF},
		{"hangs up inside a frame", "2 rsp 6 200", true, io.ErrUnexpectedEOF},
		{"not sent", "9 rsp 6 200 OK\n", false, ErrTxnr},
		{"twice", "3 rsp 6 200 OK\n3 rsp 6 200 OK\n", false, ErrTxnr},
		{"acknowledged again", "2 rsp 6 200 OK\n2 rsp 6 200 OK\n", false, ErrTxnr},
		{"number 0", "0 rsp 6 200 OK\n", false, ErrFrame},
		{"another command", "2 syslog 1 a\n", false, ErrFrame},
		{"garbage", "HTTP/1.1 400 Bad Request\r\n", false, ErrFrame},
		{"no LF", "2 rsp 6 200 OKx", false, ErrFrame},
		{"too long", "2 rsp 99999999 200", false, ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, server := pair(t)
			script(t, server, func(r *bufio.Reader) {
				readFrame(t, r)
				readFrame(t, r)
				say(t, server, c.answer)
				if c.hangUp {
					_ = server.Close()
				}
			})
			cfg := ClientConfig{Window: 2}
			if c.want == ErrSilent {
				cfg.Timeout = 50 * time.Millisecond
			}
			cl := newClient(t, conn, cfg)
			var err error
			for range 3 {
				err = cl.Send([]byte("a"))
			}
			if err == nil {
				err = cl.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("the session ends with %v, want %v", err, c.want)
			}
			<-cl.Done()
			if err := cl.Close(); err == nil {
				t.Error("Close says that all is acknowledged")
			}
		})
	}
}

// TestClientOpen: a server that does not want a session.
func TestClientOpen(t *testing.T) {
	for answer, want := range map[string]error{
		"1 rsp 20 500 the disk is full\n": ErrRefused,
		"2 rsp 6 200 OK\n":                ErrTxnr,
		"SSH-2.0-OpenSSH_10.0\r\n":        ErrFrame,
		"":                                ErrSilent,
	} {
		conn, server := pair(t)
		say(t, server, answer)
		timeout := patience
		if answer == "" {
			timeout = 50 * time.Millisecond
		}
		if _, err := NewClient(conn, ClientConfig{Timeout: timeout}); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", answer, err, want)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%q: the connection is left open: %v", answer, err)
		}
	}
}

// TestClientAbort: who waits for the window is freed.
func TestClientAbort(t *testing.T) {
	conn, server := pair(t)
	full := make(chan struct{})
	script(t, server, func(r *bufio.Reader) {
		readFrame(t, r)
		close(full)
	})
	c := newClient(t, conn, ClientConfig{Window: 1})
	go func() {
		<-full
		c.Abort()
	}()
	if err := c.Send([]byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := c.Send([]byte("b")); !errors.Is(err, ErrClosed) {
		t.Errorf("Send: %v", err)
	}
}

// TestAckedAfterAbort: an acknowledgement that had been read when the session was
// ended is not told of.
func TestAckedAfterAbort(t *testing.T) {
	conn, server := pair(t)
	script(t, server, func(*bufio.Reader) {})
	var acked atomic.Int64
	c := newClient(t, conn, ClientConfig{Window: 2, Acked: func(n int) { acked.Add(int64(n)) }})
	if err := c.Send([]byte("a")); err != nil {
		t.Fatal(err)
	}
	c.Abort()
	// As the listener does, which may have been about to.
	if err := c.take(response{2, []byte("200 OK")}, false); !errors.Is(err, ErrClosed) {
		t.Errorf("take: %v, want %v", err, ErrClosed)
	}
	if n := acked.Load(); n != 0 {
		t.Errorf("%d acknowledged after Abort", n)
	}
}

// TestClientWraps: transaction numbers begin again after the last.
func TestClientWraps(t *testing.T) {
	conn, server := pair(t)
	go func() { acknowledge(t, server) }()
	acked := 0
	c := newClient(t, conn, ClientConfig{Window: 3, Acked: func(n int) { acked += n }})
	c.txnr = maxTxnr - 5
	for range 20 {
		if err := c.Send([]byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil || acked != 20 {
		t.Errorf("%v, %d acknowledged", err, acked)
	}
}

// acknowledge is a server that acknowledges everything, whatever its number.
func acknowledge(t *testing.T, conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		frame := readFrame(t, r)
		number, rest, _ := strings.Cut(frame, " ")
		say(t, conn, number+" rsp 6 200 OK\n")
		if strings.HasPrefix(rest, "close") {
			return
		}
	}
}

// FuzzResponses: how a stream is cut does not change what it says.
func FuzzResponses(f *testing.F) {
	for _, s := range []string{"1 rsp 6 200 OK\n2 rsp 6 200 OK\n", "0 serverclose 0\n", "3 rsp 0\n", "1 rsp 9 200", "x"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		whole := readAll(newResponses(strings.NewReader(string(stream))))
		if pieces := readAll(newResponses(&cutReader{stream, rnd})); pieces != whole {
			t.Errorf("%q in pieces: %s; whole: %s", stream, pieces, whole)
		}
	})
}

func readAll(r *responses) (s string) {
	for {
		rsp, err := r.next()
		if err != nil {
			return s + err.Error()
		}
		s += fmt.Sprintf("%d %q;", rsp.txnr, rsp.data)
	}
}

// cutReader gives b in pieces.
type cutReader struct {
	b   []byte
	rnd *rand.Rand
}

func (r *cutReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b[:1+r.rnd.IntN(len(r.b))])
	r.b = r.b[n:]
	return n, nil
}
