package sink

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A receiver is another log server: intake in front of a store, that can be ended and
// started again at its address.
type receiver struct {
	t      *testing.T
	proto  intake.Proto
	secure *tls.Config
	strict bool // counts octets as RFC 5425 has it; intake takes what has no < for lines
	addr   string
	dir    string

	store *store.Store
	stats stats.Stats
	ln    net.Listener
	work  sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

func newReceiver(t *testing.T, proto intake.Proto, secure *tls.Config) *receiver {
	r := &receiver{t: t, proto: proto, secure: secure, addr: "127.0.0.1:0", dir: t.TempDir()}
	t.Cleanup(r.end)
	return r
}

func (r *receiver) start() {
	r.t.Helper()
	var err error
	if r.ln, err = net.Listen("tcp", r.addr); err != nil {
		r.t.Fatal(err)
	}
	r.addr = r.ln.Addr().String()
	if r.store, err = store.Open(store.Options{Dir: r.dir, Durability: store.Group, Stats: &r.stats, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		r.t.Fatal(err)
	}
	srv := intake.New(intake.Config{Store: r.store, Linger: 50 * time.Millisecond})
	ln, secure := r.ln, r.secure
	r.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			if secure != nil {
				c = tls.Server(c, secure)
			}
			r.work.Go(func() {
				if r.strict {
					r.count(c)
				} else {
					srv.ServeConn(c, r.proto, new(store.Source))
				}
			})
		}
	})
}

// count stores the messages of a connection by their counts.
func (r *receiver) count(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		var n int
		if _, err := fmt.Fscanf(in, "%d", &n); err != nil || n < 1 || n > 64<<10 {
			return
		}
		msg := make([]byte, n+1) // the space that ends the count
		if _, err := io.ReadFull(in, msg); err != nil || msg[0] != ' ' {
			return
		}
		put(r.t, r.store, string(msg[1:]))
	}
}

// cut ends the connections that there are.
func (r *receiver) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

// end ends the receiver, if it runs.
func (r *receiver) end() {
	if r.ln == nil {
		return
	}
	r.ln.Close()
	r.cut()
	r.work.Wait()
	if err := r.store.Close(); err != nil {
		r.t.Error(err)
	}
	r.ln = nil
}

// await waits until n messages are stored.
func (r *receiver) await(n int) {
	r.t.Helper()
	eventually(r.t, "all received", func() bool { return r.stats.Stored.Load() >= uint64(n) })
}

// awaitMessage waits until a message is stored.
func (r *receiver) awaitMessage(msg string) {
	r.t.Helper()
	eventually(r.t, "a message", func() (found bool) {
		_ = new(store.Scanner).Dir(r.dir, func(rec store.Record) error { // torn while it is written
			found = found || string(rec.Msg) == msg
			return nil
		})
		return found
	})
}

// stored ends the receiver and returns what it has.
func (r *receiver) stored() (msgs []string) {
	r.t.Helper()
	r.end()
	err := new(store.Scanner).Dir(r.dir, func(rec store.Record) error {
		msgs = append(msgs, string(rec.Msg))
		return nil
	})
	if err != nil {
		r.t.Error(err)
	}
	return msgs
}

// forLocalhost makes a certificate, and the file of who trusts it.
func forLocalhost(t *testing.T) (secure *tls.Config, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, ca
}

// odd are messages that a relay must not change.
var odd = []string{"<13>1 2026-01-01T00:00:00Z h a - - - x", "\x00\xff no syslog", "<999> bad", "two\nlines\r\n.", "12 34", strings.Repeat("long ", 2000)}

// putOdd stores them.
func putOdd(t *testing.T, s *store.Store) {
	t.Helper()
	metas := make([]store.Meta, len(odd))
	for i := range metas {
		metas[i] = store.Meta{Severity: 5, Facility: 1, Malformed: i > 0}
	}
	putMeta(t, s, metas, odd)
}

// forRelays runs a test for each way of a relay. url makes its URL; options begin with &.
func forRelays(t *testing.T, run func(t *testing.T, r *receiver, url func(options string) string)) {
	secure, ca := forLocalhost(t)
	for _, c := range []struct {
		scheme string
		proto  intake.Proto
		secure *tls.Config
		tail   string
	}{
		{"relp", intake.RELP, nil, ""},
		{"relp+tls", intake.RELP, secure, "&ca=" + ca},
		{"tls", intake.Auto, secure, "&ca=" + ca},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			r := newReceiver(t, c.proto, c.secure)
			r.strict = c.scheme == "tls"
			r.start()
			run(t, r, func(options string) string {
				return c.scheme + "://" + r.addr + "?name=relay" + options + c.tail
			})
		})
	}
}

// Messages arrive byte for byte, whatever they are, in order.
func TestRelay(t *testing.T) {
	forRelays(t, func(t *testing.T, r *receiver, url func(string) string) {
		dir := t.TempDir()
		s := openStore(t, store.Options{Dir: dir})
		putOdd(t, s)
		msgs := append(slices.Clone(odd), numbered("h", 0, 500)...)
		put(t, s, msgs[len(odd):]...)
		k := startSink(t, s, testOptions(t, url("&window=300"), dir, newTestLog(t)))
		eventually(t, "all delivered", func() bool { return k.Counters().Delivered == uint64(len(msgs)) })
		stopSink(t, k, patience)
		r.await(len(msgs))
		want(t, r.stored(), msgs)
	})
}

// prepend=header makes syslog of what is malformed, and max-message passes over what is
// long.
func TestRelayOptions(t *testing.T) {
	forRelays(t, func(t *testing.T, r *receiver, url func(string) string) {
		dir := t.TempDir()
		s := openStore(t, store.Options{Dir: dir})
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		src := &store.Source{Peer: "[2001:db8::1]:514"}
		putMeta(t, s, []store.Meta{
			{Severity: 5, Facility: 1, Malformed: true, Received: at.UnixNano(), Source: src}, {Severity: 6}, {Severity: 6},
		}, []string{"junk", strings.Repeat("x", 501), "fine"})
		k := startSink(t, s, testOptions(t, url("&prepend=header&max-message=500"), dir, newTestLog(t)))
		eventually(t, "all delivered", func() bool { c := k.Counters(); return c.Delivered == 3 && c.Refused == 1 })
		stopSink(t, k, patience)
		r.await(2)
		want(t, r.stored(), []string{"<13>1 2026-01-02T03:04:05.000006Z 2001:db8::1 - - - - junk", "fine"})
	})
}

// A receiver that ends, is away, and comes back gets all that was stored meanwhile. By
// RELP nothing is lost; without acknowledgements of the receiver, what only its kernel has
// got is, here of the 200 that come between the cut and the end.
func TestRelayDown(t *testing.T) {
	forRelays(t, func(t *testing.T, r *receiver, url func(string) string) {
		dir := t.TempDir()
		s := openStore(t, store.Options{Dir: dir, Durability: store.Group})
		k := startSink(t, s, testOptions(t, url("&window=100"), dir, newTestLog(t)))
		var msgs []string
		add := func() {
			m := numbered("h", len(msgs), 100)
			put(t, s, m...)
			msgs = append(msgs, m...)
		}
		for range 3 {
			add()
			eventually(t, "delivery", func() bool { return k.Counters().Delivered == uint64(len(msgs)) })
			r.awaitMessage(msgs[len(msgs)-1])
			r.cut()
			add()
			r.end()
			add()
			failures := k.Counters().Failures
			eventually(t, "failures", func() bool { return k.Counters().Failures > failures })
			r.start()
		}
		eventually(t, "all delivered", func() bool { return k.Counters().Delivered == uint64(len(msgs)) })
		stopSink(t, k, patience)
		got := map[string]bool{}
		for _, m := range r.stored() {
			got[m] = true
		}
		missing := 0
		for _, m := range msgs {
			if !got[m] {
				missing++
			}
		}
		if k.opts.Kind != TLS && missing > 0 || missing > 3*200 {
			t.Errorf("%d of %d are missing", missing, len(msgs))
		}
	})
}

// A receiver that nobody trusts gets nothing.
func TestRelayUntrusted(t *testing.T) {
	secure, _ := forLocalhost(t)
	_, other := forLocalhost(t)
	r := newReceiver(t, intake.Auto, secure)
	r.start()
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	put(t, s, "secret")
	log := newTestLog(t)
	k := startSink(t, s, testOptions(t, "tls://"+r.addr+"?ca="+other, dir, log))
	eventually(t, "refusals", func() bool { return k.Counters().Failures > 1 && log.has("x509") })
	stopSink(t, k, 0)
	if got := r.stored(); len(got) > 0 || k.Counters().Sent > 0 {
		t.Errorf("it got %q", got)
	}
}
