package intake

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// named makes a certificate with a subject.
func named(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// The source of a TLS connection has the subject of the client's certificate,
// which is known after the first Read only.
func TestSubject(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cert := named(t, "server")
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for range 2 {
			c, err := ln.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert})
			wg.Go(func() { f.ServeConn(secure, Auto, SourceOf(secure, "tls://here")) })
		}
	})
	for i, want := range []string{"CN=who it is", ""} {
		cfg := &tls.Config{InsecureSkipVerify: true}
		if want != "" {
			cfg.Certificates = []tls.Certificate{named(t, "who it is")}
		}
		c := tls.Client(dialTo(t, ln), cfg)
		defer c.Close()
		if _, err := io.WriteString(c, "a\n"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the log", func() bool { return f.stats.Received.Load() == uint64(i+1) })
		var got *store.Source
		for _, x := range f.all() {
			x.mu.Lock()
			if x.source.Peer == c.LocalAddr().String() {
				got = x.source
			}
			x.mu.Unlock()
		}
		if got == nil || got.Subject != want || got.Listener != "tls://here" {
			t.Errorf("source %+v, want subject %q", got, want)
		}
	}
}

func dialTo(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// What has no address, as clients of unix sockets, has none in its records.
func TestPeerName(t *testing.T) {
	for want, a := range map[string]net.Addr{
		"":              &net.UnixAddr{Name: "@", Net: "unix"},
		"192.0.2.1:514": &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 514},
	} {
		if got := peerName(a); got != want {
			t.Errorf("%v: %q, want %q", a, got, want)
		}
	}
	if got := peerName(nil); got != "" {
		t.Errorf("no address: %q", got)
	}
}

// chunks is a connection whose Reads are recorded.
type chunks struct {
	net.Conn
	mu    sync.Mutex
	sizes []int // of the buffers given to Read
}

func (c *chunks) Read(b []byte) (int, error) {
	c.mu.Lock()
	c.sizes = append(c.sizes, len(b))
	c.mu.Unlock()
	return c.Conn.Read(b)
}

// A connection waits with a small buffer, and is read with a large one while there
// is more.
func TestReadSizes(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client := dialTo(t, ln)
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	const size = 100 << 10
	c := &chunks{Conn: server}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer client.Close()
	wg.Go(func() { f.ServeConn(c, Auto, nil) })
	if _, err := io.WriteString(client, strings.Repeat(strings.Repeat("x", 99)+"\n", size/100)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all to be read", func() bool { return f.stats.BytesIn.Load() == size })
	eventually(t, "the next Read", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.sizes[len(c.sizes)-1] == waitSize
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sizes[0] != waitSize || c.sizes[1] != readSize {
		t.Errorf("buffers of %v bytes", c.sizes)
	}
}
