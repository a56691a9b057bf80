package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFailOver: when a connection is lost the next server gets what was not
// acknowledged, without a pause; one that does not answer is passed over.
func TestFailOver(t *testing.T) {
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := away.Addr().String()
	away.Close()
	a, b := newReceiver(t, protoRELP, nil), newReceiver(t, protoRELP, nil)
	a.start()
	b.start()
	pr, pw := io.Pipe()
	l := begin(t, pr, "-to", nobody+","+a.addr(), "-to", b.addr(), "-max-pause=1h")
	write := func(lines []string) {
		t.Helper()
		if _, err := io.WriteString(pw, text(lines)); err != nil {
			t.Fatal(err)
		}
	}
	want := numbered(0, 300)
	write(want[:100])
	a.waitGot(100)
	a.mu.Lock()
	a.mute = true
	a.mu.Unlock()
	write(want[100:200])
	a.waitGot(200)
	a.ln.Close()
	a.hangUp()
	b.waitGot(100)
	write(want[200:])
	b.waitGot(200)
	pw.Close()
	l.wait()
	a.want(want[:200])
	b.wantOnce(want[100:])
}

// certify makes a certificate that vouches for itself, in files.
func certify(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &leaf, &leaf, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		rename(t, path+".new", path)
	}
	return cert, key
}

// TestClientCertificate: it is shown to the server, and so is the one that takes
// its place; one that cannot be read leaves the one before.
func TestClientCertificate(t *testing.T) {
	serverDir, clientDir := t.TempDir(), t.TempDir()
	ca, serverKey := certify(t, serverDir, "server")
	pair, err := tls.LoadX509KeyPair(ca, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan string, 100)
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, VerifyConnection: func(s tls.ConnectionState) error {
		shown <- s.PeerCertificates[0].Subject.CommonName
		return nil
	}}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	r := newReceiver(t, protoRELP, ln).start()
	cert, key := certify(t, clientDir, "first")
	pr, pw := io.Pipe()
	l := begin(t, pr, "-to", r.addr(), "-tls", "-tls-ca", ca, "-tls-name=server", "-tls-cert", cert, "-tls-key", key)
	line := func(s string, n int) {
		t.Helper()
		if _, err := io.WriteString(pw, s+"\n"); err != nil {
			t.Fatal(err)
		}
		r.waitGot(n)
	}
	line("one", 1)
	certify(t, clientDir, "second")
	r.hangUp()
	line("two", 2)
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.hangUp()
	line("three", 3)
	pw.Close()
	l.wait()
	close(shown)
	if got := slices.Compact(slices.Collect(func(yield func(string) bool) {
		for s := range shown {
			if !yield(s) {
				return
			}
		}
	})); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("certificates of %q were shown", got)
	}
	for _, want := range []string{"certificates are read again", "those read before stay"} {
		if !strings.Contains(l.stderr.String(), want) {
			t.Errorf("not said: %s: %s", want, l.stderr.String())
		}
	}
}

// TestOldTLS: a server that speaks TLS 1.1 alone gets nothing.
func TestOldTLS(t *testing.T) {
	ca, key := certify(t, t.TempDir(), "server")
	s := &secrets{ca: ca, cert: ca, key: key}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	if changed, err := s.refresh(); changed || err != nil {
		t.Error(changed, err)
	}
	client, server := net.Pipe()
	go func() {
		_ = tls.Server(server, &tls.Config{Certificates: s.own, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Handshake()
		server.Close()
	}()
	err := tls.Client(client, s.config("server")).Handshake()
	client.Close()
	if err == nil || !strings.Contains(err.Error(), "version") {
		t.Errorf("handshake: %v", err)
	}
}
