package main

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// attempt sends a line by TLS. Whether a client is let in shows when it reads:
// by TLS 1.3 its handshake ends before the server has looked.
func attempt(t *testing.T, s *server, conf *tls.Config, line string) error {
	t.Helper()
	c, err := tls.Dial("tcp", s.addr("tls").String(), conf)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, line); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the server does not close the connection")
	}
	return err
}

// TestClientCertificates checks who is let in by TLS, in both versions, and that
// those who are not are counted and logged by source.
func TestClientCertificates(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	certs := map[string]tls.Certificate{
		"CN":          ours.pair(t, pkix.Name{CommonName: "Web-1.example.com"}),
		"SAN":         ours.pair(t, pkix.Name{CommonName: "other"}, "x.example.net", "web-2.example.com"),
		"attribute":   ours.pair(t, pkix.Name{CommonName: "other", Organization: []string{"Acme"}}),
		"wrong name":  ours.pair(t, pkix.Name{CommonName: "db-1.example.com", OrganizationalUnit: []string{"Acme"}}),
		"wrong CA":    theirs.pair(t, pkix.Name{CommonName: "web-1.example.com"}),
		"none":        {},
		"another end": ours.pair(t, pkix.Name{CommonName: "web-1.example.com.evil.org"}),
	}
	allowed := map[string]bool{"CN": true, "SAN": true, "attribute": true}
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.clientCA = file(t, t.TempDir(), "ca.pem", ours.pem())
		c.clientSubjects = []string{"web-*.example.com", "O=acme"}
		s, log := startLogged(t, c)
		var want []string
		refused := uint64(0)
		for name, cert := range certs {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				conf := &tls.Config{InsecureSkipVerify: true, MaxVersion: version, Certificates: []tls.Certificate{cert}}
				if name == "none" {
					conf.Certificates = nil
				}
				err := attempt(t, s, conf, name+"\n")
				if (err == nil) != allowed[name] {
					t.Errorf("%s, %s: %v", name, tls.VersionName(version), err)
				}
				if allowed[name] {
					want = append(want, name)
				} else {
					refused++
				}
			}
		}
		waitFor(t, "the refusals to be counted", func() bool { return s.limits.refused[noClientCertificate].Load() == refused })
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), want)
		if got := log.String(); !strings.Contains(got, "connection refused") || !strings.Contains(got, "source=127.0.0.1 ") {
			t.Errorf("the log does not name the source: %s", got)
		}
	})
}

// TestClientResumes checks that a session which is resumed is looked at as well:
// the subjects may have changed.
func TestClientResumes(t *testing.T) {
	a := newAuthority(t, "ours")
	c := testConfig(t, modeEvents)
	everywhere(t, &c)
	c.clientCA = file(t, t.TempDir(), "ca.pem", a.pem())
	s := startServer(t, c)
	conf := &tls.Config{
		InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		Certificates: []tls.Certificate{a.pair(t, pkix.Name{CommonName: "web"})},
	}
	for range 2 {
		if err := attempt(t, s, conf, "in\n"); err != nil {
			t.Fatal(err)
		}
	}
	next := c.tlsSettings()
	next.subjects = []string{"db"}
	commit, err := s.keys.prepare(next)
	if err != nil {
		t.Fatal(err)
	}
	commit()
	if err := attempt(t, s, conf, "out\n"); err == nil {
		t.Error("a resumed session was let in")
	}
	stopServer(t, s)
	sameMessages(t, storedIn(t, c.dir), []string{"in", "in"})
}

// TestTLSMin checks the oldest version spoken: 1.2 unless 1.3 is asked for.
func TestTLSMin(t *testing.T) {
	for _, least := range []string{"1.2", "1.3"} {
		c := testConfig(t, modeEvents)
		everywhere(t, &c)
		c.tlsMin = least
		s := startServer(t, c)
		for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: least == "1.2", tls.VersionTLS13: true} {
			conf := &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}
			if err := attempt(t, s, conf, "line\n"); (err == nil) != want {
				t.Errorf("at least %s, %s: %v", least, tls.VersionName(version), err)
			}
		}
	}
}

// TestFits checks the patterns of subjects.
func TestFits(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"web", "web", true}, {"web", "web1", false}, {"web", "aweb", false}, {"*", "", true}, {"*", "x", true},
		{"web-*", "web-", true}, {"web-*", "db-1", false}, {"*.org", "a.b.org", true}, {"*.org", "a.org.com", false},
		{"a*b*c", "a-b-b-c", true}, {"a*b*c", "acb", false}, {"a*a", "a", false}, {"a**b", "ab", true}, {"*x*", "axb", true}, {"*x*", "ab", false},
	} {
		if got := fits(c.pattern, c.text); got != c.want {
			t.Errorf("%q of %q: %v", c.pattern, c.text, got)
		}
	}
}
