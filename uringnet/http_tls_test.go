package uringnet_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// certificate makes a certificate for 127.0.0.1 that signs itself.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
})

// HTTP/2 over crypto/tls, client and server on the engine.
func TestHTTP2(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		cert, pool := certificate()
		ln := listen(t, stackOf(e), "tcp")
		srv := handler(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Proto", r.Proto)
			io.Copy(w, r.Body) // both ways at once, as HTTP/2 allows
		})
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		served := startErr("ServeTLS", func() error { return srv.ServeTLS(ln, "", "") })
		d := uringnet.Dialer{Engine: e}
		tr := &http.Transport{
			DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool},
		}
		c := &http.Client{Transport: tr, Timeout: patience}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 3 {
					body := randomBytes(int64(i), j*50_000)
					resp, err := c.Post("https://"+ln.Addr().String(), "text/plain", bytes.NewReader(body))
					if err != nil {
						t.Errorf("Post: %v", err)
						return
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || !bytes.Equal(got, body) || resp.Header.Get("Proto") != "HTTP/2.0" {
						t.Errorf("%s: %d bytes of %d, %v", resp.Header.Get("Proto"), len(got), len(body), err)
						return
					}
				}
			})
		}
		wg.Wait()
		tr.CloseIdleConnections()
		must(t, srv.Close())
		if _, err := served.wait(t); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("ServeTLS: %v", err)
		}
	})
}

// sparseFile makes a file of size bytes, most of them holes, and returns its
// name and the digest of its content.
func sparseFile(t *testing.T, size int64) (name string, sum [32]byte) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(name)
	must(t, err)
	defer f.Close()
	must(t, f.Truncate(size))
	for i := range int64(16) {
		_, err := f.WriteAt(randomBytes(i, 100_000), i*size/16+i*4099)
		must(t, err)
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	must(t, err)
	return name, [32]byte(h.Sum(nil))
}

// ServeContent of a large file, which net/http sends by ReadFrom, whole and
// in ranges.
func TestHTTPServeContent(t *testing.T) {
	const size = 256 << 20
	name, sum := sparseFile(t, size)
	forEngines(t, []string{"std", "shared", "dedicated", "sqpoll"}, func(t *testing.T, e *uringnet.Engine) {
		addr := serveHTTP(t, e, handler(func(w http.ResponseWriter, r *http.Request) {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			http.ServeContent(w, r, "file.bin", time.Time{}, f)
		}))
		c := httpClient(t, nil)
		c.Timeout = time.Minute
		resp, err := c.Get("http://" + addr)
		must(t, err)
		defer resp.Body.Close()
		h := sha256.New()
		n, err := io.Copy(h, resp.Body)
		if n != size || err != nil || [32]byte(h.Sum(nil)) != sum {
			t.Fatalf("%d bytes of %d, %v, or not the same", n, size, err)
		}

		f, err := os.Open(name)
		must(t, err)
		defer f.Close()
		for _, at := range []int64{0, size/16 + 4000, size - 70_000} {
			want := make([]byte, 70_000)
			_, err := f.ReadAt(want, at)
			must(t, err)
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr, nil)
			must(t, err)
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", at, at+int64(len(want))-1))
			resp, err := c.Do(req)
			must(t, err)
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusPartialContent || err != nil || !bytes.Equal(got, want) {
				t.Errorf("range at %d: status %d, %d bytes, %v", at, resp.StatusCode, len(got), err)
			}
		}
	})
}
