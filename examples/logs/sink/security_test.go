package sink

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// An authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	path string // of its own certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, key := a.sign(template, template)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.key = key
	a.path = writeFile(t, "ca.pem", string(pemOf("CERTIFICATE", der)))
	return a
}

// sign makes a key and a certificate for it, signed by parent's key, or by its own.
func (a *authority) sign(template, parent *x509.Certificate) (der []byte, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := key
	if a.key != nil {
		signer = a.key
	}
	if der, err = x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer); err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

// issue makes a certificate of a name, for a server or a client, and its files.
func (a *authority) issue(name string) (pair tls.Certificate, cert, key string) {
	a.t.Helper()
	der, private := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, key = writeFile(a.t, "cert.pem", string(pemOf("CERTIFICATE", der))), writeFile(a.t, "key.pem", string(pemOf("PRIVATE KEY", pkcs8)))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, cert, key
}

// pool are those that trust the authority.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// writeFile writes a file in a directory of its own and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, text)
	return path
}

// rewrite replaces a file, so that it is there whole.
func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// A trial is a sink that has something to send.
type trial struct {
	t    *testing.T
	log  *testLog
	dir  string
	sink *Sink
}

// try starts a sink of an URL with ten logs.
func try(t *testing.T, url string) *trial {
	t.Helper()
	r := &trial{t: t, log: newTestLog(t), dir: t.TempDir()}
	s := openStore(t, store.Options{Dir: r.dir})
	put(t, s, numbered("h", 0, 10)...)
	r.sink = startSink(t, s, testOptions(t, url, r.dir, r.log))
	return r
}

// refused waits until the sink was refused twice and has said so in one of these
// words, and fails if it has sent something.
func (r *trial) refused(words ...string) {
	r.t.Helper()
	said := func() bool {
		for _, w := range words {
			if r.log.has(w) {
				return true
			}
		}
		return false
	}
	eventually(r.t, "word of "+strings.Join(words, ", "), func() bool { return r.sink.Counters().Failures > 1 && said() })
	if c := r.sink.Counters(); c.Sent != 0 || c.Connected || c.LagRecords == 0 || c.LagBytes == 0 {
		r.t.Errorf("counters %+v", c)
	}
}

// delivered waits until all is.
func (r *trial) delivered() {
	r.t.Helper()
	eventually(r.t, "delivery", func() bool { return r.sink.Counters().Delivered == 10 })
}

// silent fails if the log, the metrics, what /stats.json has or a file of the sink tell a
// secret.
func (r *trial) silent(secrets ...string) {
	r.t.Helper()
	var out bytes.Buffer
	e := stats.NewExposition(&out)
	Expose(e, []*Sink{r.sink})
	if err := e.Flush(); err != nil {
		r.t.Fatal(err)
	}
	if err := json.NewEncoder(&out).Encode(r.sink.Counters()); err != nil {
		r.t.Fatal(err)
	}
	out.WriteString(r.sink.Target() + r.sink.Name() + r.log.tail(1<<30))
	files, _ := filepath.Glob(filepath.Join(r.dir, "sink-*"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		out.Write(text)
	}
	for _, s := range secrets {
		if s == "" || strings.Contains(out.String(), s) {
			r.t.Errorf("the secret %.20q is told, or is none", s)
		}
	}
}

// Files that are not there, or empty, or not what they should be, are found at start and
// by Check, and told with the sink's name.
func TestFilesOfSinks(t *testing.T) {
	empty, junk := writeFile(t, "empty", "\n"), writeFile(t, "junk", "junk-4711")
	for url, want := range map[string]string{
		"nats://h:1?stream=S&creds=/none":                                "sink nats-S: creds open /none: no such file",
		"nats://h:1?stream=S&creds=" + empty:                             "sink nats-S: creds " + empty + ": it is empty",
		"nats://h:1?stream=S&token-file=/none":                           "sink nats-S: token-file open /none: no such file",
		"nats://h:1?stream=S&token-file=" + empty:                        "sink nats-S: token-file " + empty + ": it is empty",
		"nats://h:1?stream=S&user=u&password-file=/none":                 "sink nats-S: password-file open /none: no such file",
		"kafka://h:1/t?user=u&password-file=/none":                       "sink kafka-t: password-file open /none: no such file",
		"kafka://h:1/t?sasl=scram-sha-512&user=u&password-file=" + empty: "sink kafka-t: password-file " + empty + ": it is empty",
		"kafka://h:1/t?tls=yes&ca=" + junk:                               "sink kafka-t: ca " + junk + ": want a PEM file",
		"tls://h:1?name=x&ca=/none":                                      "sink x: ca /none: open /none: no such file",
		"relp+tls://h:1?name=x&cert=" + junk + "&key=" + junk:            "sink x: cert " + junk + ", key " + junk + ": tls: failed to find any PEM data",
		"nats://h:1?stream=S&name=ok&token-file=" + junk:                 "",
		"kafka://h:1/t?user=u&sasl=scram-sha-256&password-file=" + junk:  "",
	} {
		c, err := Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		_, newErr := New(Options{Config: c, Dir: t.TempDir()})
		for _, err := range []error{c.Check(), newErr} {
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "4711")) {
				t.Errorf("%s: %v, want %q", url, err, want)
			}
		}
	}
}
