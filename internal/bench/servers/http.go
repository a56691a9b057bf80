package servers

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
	"net/http"
	"strings"
	"time"
)

const (
	helloPage = "Hello, World!"
	jsonLen   = 4096
)

// jsonPage is a JSON object of jsonLen bytes.
var jsonPage = func() string {
	const begin, end = `{"message":"`, `"}`
	return begin + strings.Repeat("x", jsonLen-len(begin)-len(end)) + end
}()

func newHTTP(o Options) *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			compute(o.Work)
			if r.URL.Path == "/json" {
				w.Header()["Content-Type"] = jsonType
				w.Header()["Content-Length"] = jsonLength
				_, _ = io.WriteString(w, jsonPage)
				return
			}
			_, _ = io.WriteString(w, helloPage)
		}),
		ReadHeaderTimeout: time.Minute,
	}
}

var jsonType, jsonLength = []string{"application/json"}, []string{"4096"}

// serveHTTP serves two pages with net/http.
func serveHTTP(ln net.Listener, o Options) error { return newHTTP(o).Serve(ln) }

// serveHTTPS is the same with TLS, and HTTP/1.1 as the load wants it.
func serveHTTPS(ln net.Listener, o Options) error {
	cert, err := selfSigned()
	if err != nil {
		return err
	}
	return newHTTP(o).Serve(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}}))
}

// selfSigned makes a certificate that is good for an hour.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
