package main

import (
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// startReloadable starts a server whose configuration is a file, as a program's is.
func startReloadable(t *testing.T, lines ...string) (s *server, log *logBuffer, rewrite func(lines ...string)) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "logserver.conf")
	base := []string{"tcp = 127.0.0.1:0", "tls = 127.0.0.1:0", "http =", "dir = " + filepath.Join(dir, "segments"), "batches = 8"}
	rewrite = func(lines ...string) {
		t.Helper()
		file(t, dir, "logserver.conf", []byte(strings.Join(append(slices.Clone(base), lines...), "\n")))
	}
	rewrite(lines...)
	c, err := parseConfig([]string{"-config", path})
	if err != nil {
		t.Fatal(err)
	}
	c.certPoll = time.Hour
	s, log = startLogged(t, c)
	return s, log, rewrite
}

// TestReloadKeys checks that new certificates are used after a reload, and that
// half of a pair, or a file that is none, leaves the old ones.
func TestReloadKeys(t *testing.T) {
	a, dir := newAuthority(t, "ours"), t.TempDir()
	write := func(cert, key []byte) {
		file(t, dir, "cert.pem", cert)
		file(t, dir, "key.pem", key)
	}
	cert2, key2 := a.issue(t, pkix.Name{CommonName: "old"})
	cert3, key3 := a.issue(t, pkix.Name{CommonName: "new"})
	write(cert2, key2)
	s, log, _ := startReloadable(t, "cert = "+dir+"/cert.pem", "key = "+dir+"/key.pem")
	addr := s.addr("tls")
	for _, step := range []struct {
		name      string
		cert, key []byte
		want      int64
		fails     bool
	}{
		{"half written", cert3, key2, 2, true},
		{"empty", nil, nil, 2, true},
		{"whole", cert3, key3, 3, false},
		{"cut", cert2[:len(cert2)/2], key2, 3, true},
		{"back", cert2, key2, 2, false},
	} {
		write(step.cert, step.key)
		before := len(log.String())
		s.reload()
		if got := serial(t, addr, a); got != step.want {
			t.Errorf("%s: the server has certificate %d; want %d", step.name, got, step.want)
		}
		said := log.String()[before:]
		if strings.Contains(said, "level=ERROR") != step.fails {
			t.Errorf("%s: the log says %s", step.name, said)
		}
	}
}

// TestWatchKeys checks the same without a signal: the files are looked at.
func TestWatchKeys(t *testing.T) {
	a, dir := newAuthority(t, "ours"), t.TempDir()
	cert2, key2 := a.issue(t, pkix.Name{CommonName: "old"})
	cert3, key3 := a.issue(t, pkix.Name{CommonName: "new"})
	c := testConfig(t, modeEvents)
	everywhere(t, &c)
	c.selfSigned, c.cert, c.key = false, file(t, dir, "cert.pem", cert2), file(t, dir, "key.pem", key2)
	c.certPoll = 5 * time.Millisecond
	s, log := startLogged(t, c)
	file(t, dir, "cert.pem", cert3) // and not yet the key
	waitFor(t, "half a pair to be said", func() bool { return strings.Contains(log.String(), "level=ERROR") })
	if got := serial(t, s.addr("tls"), a); got != 2 {
		t.Errorf("with half a pair the server has certificate %d; want 2", got)
	}
	file(t, dir, "key.pem", key3)
	waitFor(t, "the new certificate", func() bool { return serial(t, s.addr("tls"), a) == 3 })
	stopServer(t, s)
	if n := strings.Count(log.String(), "level=ERROR"); n > 2 { // the key may have been seen half written
		t.Errorf("half a pair is said %d times: %s", n, log.String())
	}
}

// TestReloadSettings checks which settings change, that the others are said to
// need a restart, and that nothing changes if one of them is wrong.
func TestReloadSettings(t *testing.T) {
	s, log, rewrite := startReloadable(t, "self-signed = true")
	if err := openAndClose(t, s); err != nil {
		t.Fatal(err)
	}
	rewrite("self-signed = true", "deny = 127.0.0.0/8", "max-conns = 0x", "segment-age = 2h")
	s.reload()
	if err := openAndClose(t, s); err != nil {
		t.Errorf("a setting of a file with a mistake is in force: %v", err)
	}
	if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, `logserver.conf:8: max-conns \"0x\": want 0 or more`) {
		t.Errorf("the log does not say what is wrong: %s", got)
	}
	rewrite("self-signed = true", "deny = 127.0.0.0/8", "max-conns = 77", "segment-age = 2h")
	s.reload()
	if err := openAndClose(t, s); err == nil {
		t.Error("deny is not in force")
	}
	if n := s.limits.maxConns.Load(); n != 77 {
		t.Errorf("max-conns is %d; want 77", n)
	}
	got := log.String()
	if !strings.Contains(got, `changed="[deny max-conns]"`) || !strings.Contains(got, "settings=[segment-age]") {
		t.Errorf("the log does not say what changed: %s", got)
	}
	rewrite("self-signed = true", "segment-age = 2h")
	s.reload()
	if err := openAndClose(t, s); err != nil {
		t.Errorf("deny is still in force: %v", err)
	}
}

// openAndClose sends a line and waits for the server to have it; an error says
// that the server closed the connection before.
func openAndClose(t *testing.T, s *server) error {
	t.Helper()
	before := s.stats.Stored.Load()
	rejected := s.stats.ConnsRejected.Load()
	c := dialRaw(t, s.addr("tcp"))
	_, _ = c.Write([]byte("line\n")) // a refused one may be closed by now
	c.Close()
	waitFor(t, "the line or its refusal", func() bool {
		return s.stats.Stored.Load() > before || s.stats.ConnsRejected.Load() > rejected
	})
	if s.stats.ConnsRejected.Load() > rejected {
		return os.ErrPermission
	}
	return nil
}

// TestReloadable checks that what the help calls reloadable are settings.
func TestReloadable(t *testing.T) {
	c := defaultConfig()
	values := c.flags().Values()
	for name := range reloadable {
		if _, ok := values[name]; !ok {
			t.Errorf("%q is reloadable and no setting", name)
		}
	}
}
