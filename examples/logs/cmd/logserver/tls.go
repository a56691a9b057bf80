package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certPoll is how often the files of certificates are looked at.
const certPoll = 5 * time.Second

// tlsSettings are those of the configuration that the TLS listeners have in
// common.
type tlsSettings struct {
	cert, key  string
	selfSigned bool
	clientCA   string
	subjects   []string
	min        string
}

// tlsVersions are the choices of -tls-min.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// keyring is what the TLS listeners use. It loads its files again when they have
// changed; what cannot be loaded leaves everything as it was.
type keyring struct {
	conf atomic.Pointer[tls.Config] // connections begin with what it is then

	mu       sync.Mutex
	settings tlsSettings
	tried    []byte           // digest of the files that were loaded, or refused, last
	local    *tls.Certificate // made for selfSigned
}

// newKeyring loads what the settings name.
func newKeyring(settings tlsSettings) (*keyring, error) {
	k := new(keyring)
	conf, digest, err := k.load(settings)
	if err != nil {
		return nil, err
	}
	k.settings, k.tried = settings, digest
	k.conf.Store(conf)
	return k, nil
}

// load makes a configuration of the files that the settings name. digest is that
// of the files' content, also if it cannot be used.
func (k *keyring) load(t tlsSettings) (conf *tls.Config, digest []byte, err error) {
	files, digest, err := readAll(t.cert, t.key, t.clientCA)
	if err != nil {
		return nil, digest, err
	}
	conf = &tls.Config{MinVersion: tlsVersions[t.min]}
	cert, err := k.certificate(t, files[0], files[1])
	if err != nil {
		return nil, digest, err
	}
	conf.Certificates = []tls.Certificate{cert}
	if t.clientCA == "" {
		return conf, digest, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(files[2]) {
		return nil, digest, fmt.Errorf("-tls-client-ca %q: want a PEM file of certificates", t.clientCA)
	}
	clients := clientRule{t.subjects}
	conf.ClientAuth = tls.VerifyClientCertIfGiven // that one is given, too, is the rule's
	conf.ClientCAs = pool
	conf.VerifyConnection = clients.verify
	return conf, digest, nil
}

// certificate returns the server's own. The key has to be the certificate's:
// half of a new pair is an error.
func (k *keyring) certificate(t tlsSettings, cert, key []byte) (tls.Certificate, error) {
	if !t.selfSigned {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			err = fmt.Errorf("certificate -cert %q, -key %q: %w", t.cert, t.key, err)
		}
		return pair, err
	}
	if k.local == nil {
		pair, err := forLocalhost()
		if err != nil {
			return pair, fmt.Errorf("certificate: %w", err)
		}
		k.local = &pair
	}
	return *k.local, nil
}

// readAll reads files, of which an empty name is none, and returns the digest of
// all their content. The digest of what cannot be read is that of the error.
func readAll(names ...string) (content [][]byte, digest []byte, err error) {
	h := sha256.New()
	for _, name := range names {
		var b []byte
		if name != "" {
			if b, err = os.ReadFile(name); err != nil {
				return nil, h.Sum([]byte(err.Error())), fmt.Errorf("certificate: %w", err)
			}
		}
		fmt.Fprintf(h, "%d ", len(b))
		h.Write(b)
		content = append(content, b)
	}
	return content, h.Sum(nil), nil
}

// prepare loads what the settings name. commit has new connections use it.
func (k *keyring) prepare(settings tlsSettings) (commit func(), err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	conf, digest, err := k.load(settings)
	if err != nil {
		return nil, err
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.settings, k.tried = settings, digest
		k.conf.Store(conf)
	}, nil
}

// refresh loads the files again if they are others than those loaded or refused
// last. It reports whether it did.
func (k *keyring) refresh() (changed bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.settings
	if _, digest, _ := readAll(t.cert, t.key, t.clientCA); bytes.Equal(digest, k.tried) {
		return false, nil
	}
	conf, digest, err := k.load(t)
	k.tried = digest
	if err == nil {
		k.conf.Store(conf)
	}
	return true, err
}

// watchKeys loads certificates again when their files have changed.
func (s *server) watchKeys(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			switch changed, err := s.keys.refresh(); {
			case err != nil:
				s.log.Error("logserver: the changed certificates cannot be used; the old ones stay", "error", err)
			case changed:
				s.log.Info("logserver: certificates loaded again")
			}
		}
	}
}
