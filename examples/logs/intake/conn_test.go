package intake

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// serve accepts on loopback, with TLS if asked to, and serves connections until
// the test ends. It returns how to dial, and what waits for all to be served.
func (f *fixture) serve(proto Proto, secure bool) (dial func() net.Conn, wait func()) {
	f.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if secure {
				c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate(f.t)}})
			}
			wg.Go(func() { f.ServeConn(c, proto, nil) })
		}
	})
	f.t.Cleanup(func() { ln.Close() })
	dial = func() net.Conn {
		f.t.Helper()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			f.t.Fatal(err)
		}
		f.t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		if secure {
			c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		}
		return c
	}
	return dial, func() { ln.Close(); wg.Wait() }
}

// certificate makes a certificate that nobody has signed.
var certificate = func() func(t *testing.T) tls.Certificate {
	var once sync.Once
	var cert tls.Certificate
	return func(t *testing.T) tls.Certificate {
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Error(err)
				return
			}
			tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
			der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
			if err != nil {
				t.Error(err)
			}
			cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
		})
		return cert
	}
}()

// Several clients on TCP and TLS: everything is stored in order, and RELP's are
// told so also if they have ended their side by then.
func TestServeConn(t *testing.T) {
	for _, proto := range []Proto{Auto, RELP} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprint(proto, secure), func(t *testing.T) {
				const clients, logs = 6, 500
				f := newFixture(t, store.Options{
					Durability: store.Group, Batches: 4, BatchSize: 4 << 10, // they are held back
				}, Config{})
				dial, wait := f.serve(proto, secure)
				var wg sync.WaitGroup
				for i := range clients {
					c := dial()
					wg.Go(func() { client(t, c, proto, i, logs) })
				}
				wg.Wait()
				wait()
				next := make([]int, clients)
				for _, msg := range f.messages() {
					var i, k int
					if _, err := fmt.Sscanf(msg, "client %d log %d", &i, &k); err != nil || k != next[i] {
						t.Fatalf("message %q, want number %d, error %v", msg, next[i], err)
					}
					next[i]++
				}
				if slices.ContainsFunc(next, func(n int) bool { return n != logs }) {
					t.Errorf("stored %d, want %d each", next, logs)
				}
				f.wantCounts(clients*logs, 0, 0)
			})
		}
	}
}

// client sends logs, ends its side, and reads until the server has ended too.
func client(t *testing.T, c net.Conn, proto Proto, i, logs int) {
	var in, want []byte
	for k := range logs {
		msg := fmt.Sprintf("client %d log %d", i, k)
		if proto == RELP {
			in = append(in, relpFrame(k+1, "syslog", msg)...)
			want = append(want, ack(k+1)...)
		} else {
			in = append(in, msg+"\n"...)
		}
	}
	if _, err := c.Write(in); err != nil {
		t.Error(err)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	got, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	if string(got) != string(want) {
		t.Errorf("client %d was sent %d bytes, want %d", i, len(got), len(want))
	}
}

// A client that does not read its acknowledgements holds up nobody else, and is
// not read from for ever.
func TestSlowClient(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Durability: store.Group}, Config{MaxUnread: 256 << 10})
	slow, server := net.Pipe() // takes nothing that is not read
	var wg sync.WaitGroup
	wg.Go(func() { f.ServeConn(server, RELP, nil) })
	slow.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(slow, relpFrame(1, "syslog", "slow")); err != nil {
		t.Fatal(err)
	}
	dial, wait := f.serve(RELP, false)
	client(t, dial(), RELP, 1, 100)
	// Go on sending: after some it is not taken any more.
	slow.SetWriteDeadline(time.Now().Add(time.Second))
	txnr := 2
	var err error
	for ; err == nil && txnr < 1e6; txnr++ {
		_, err = io.WriteString(slow, relpFrame(txnr, "syslog", "slow"))
	}
	if err == nil {
		t.Error("everything was taken from a client that does not read")
	}
	client(t, dial(), RELP, 2, 100)
	// What was acknowledged is there when it is read.
	slow.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(ack(1, 2)))
	if _, err := io.ReadFull(slow, got); err != nil || string(got) != ack(1, 2) {
		t.Errorf("read %q, %v", got, err)
	}
	slow.Close()
	wg.Wait()
	wait()
	// It ends by an error if half a frame was under way, or an acknowledgement.
	if open, failed := f.stats.Conns.Load(), f.stats.ConnErrors.Load(); open != 0 || failed > 1 {
		t.Errorf("%d connections open, %d ended by errors", open, failed)
	}
}

// A connection whose peer is gone is closed though it is never acknowledged.
func TestLinger(t *testing.T) {
	f := newFixture(t, store.Options{Durability: store.Group}, Config{Linger: 10 * time.Millisecond})
	f.disk.hold()
	dial, wait := f.serve(RELP, false)
	c := dial()
	io.WriteString(c, relpFrame(1, "syslog", "a"))
	c.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
		t.Errorf("read %q, %v", b, err)
	}
	f.disk.release()
	wait()
	if got := f.messages(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("stored %q", got)
	}
}

// A reset ends a connection and is counted.
func TestReset(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{Linger: time.Hour})
	f.disk.hold() // an acknowledgement under way would meet the reset first
	dial, wait := f.serve(RELP, false)
	c := dial()
	io.WriteString(c, relpFrame(1, "syslog", "a"))
	eventually(t, "the log", func() bool { return f.stats.Received.Load() == 1 })
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	wait()
	f.wantCounts(1, 0, 1)
}

// TLS junk on a plain port gets no answer but the end.
func TestTLSJunk(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	dial, wait := f.serve(Auto, false)
	c := tls.Client(dial(), &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err == nil {
		t.Error("the handshake succeeded")
	}
	wait()
	f.wantCounts(0, 1, 1)
	if err := <-f.why; !errors.Is(err, errTLS) || !strings.Contains(err.Error(), "127.0.0.1:") {
		t.Errorf("refused because %v, want errTLS and the address", err)
	}
}

// Shutdown ends all connections when what came is stored and acknowledged.
func TestShutdown(t *testing.T) {
	f := newFixture(t, store.Options{Durability: store.Group}, Config{})
	f.disk.hold()
	relps, waitRELP := f.serve(RELP, false)
	lines, waitLines := f.serve(Auto, false)
	a, b := relps(), lines()
	io.WriteString(a, relpFrame(1, "syslog", "a"))
	io.WriteString(b, "b")
	eventually(t, "input", func() bool {
		return f.stats.BytesIn.Load() == uint64(len(relpFrame(1, "syslog", "a"))+1)
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f.Shutdown(ctx) }()
	if got, err := io.ReadAll(b); err != nil || len(got) > 0 { // nothing to wait for
		t.Errorf("read %q, %v", got, err)
	}
	f.disk.release()
	if got, err := io.ReadAll(a); err != nil || string(got) != ack(1)+"0 serverclose 0\n" {
		t.Errorf("read %q, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if late, err := io.ReadAll(lines()); err != nil || len(late) > 0 {
		t.Errorf("a connection after Shutdown: %q, %v", late, err)
	}
	waitRELP()
	waitLines()
	got := f.messages()
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("stored %q", got)
	}
	f.wantCounts(2, 0, 0)
	if err := f.Shutdown(ctx); err != nil {
		t.Errorf("again: %v", err)
	}
}

// Shutdown of a server whose store does not go on gives up in time; what is
// held back is stored if it goes on after all.
func TestShutdownGivesUp(t *testing.T) {
	f := newFixture(t, store.Options{Lanes: 1, Batches: 2, BatchSize: 1 << 10}, Config{})
	f.disk.hold()
	p := &fakePeer{}
	x := f.NewSession(p, Auto, 0, nil)
	n := 1
	for ; !p.isPaused(); n++ {
		x.Data([]byte("a\n"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := f.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	if !p.isClosed() || p.written() != "" {
		t.Errorf("closed %v, written %q", p.isClosed(), p.written())
	}
	x.End(net.ErrClosed)
	f.disk.release()
	if err := f.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown of a store that goes on: %v", err)
	}
	if got := f.messages(); len(got) != n-1 {
		t.Errorf("%d stored, want %d", len(got), n-1)
	}
	f.wantCounts(n-1, 0, 0)
}
