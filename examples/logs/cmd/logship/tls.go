package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"
)

// secrets are the certificates of a TLS client. They belong to one goroutine.
type secrets struct {
	ca, cert, key string // files; "": none

	roots  *x509.CertPool    // nil: the system's
	own    []tls.Certificate // none or one
	read   bool
	stamps [3]stamp // of ca, cert and key when they were read
}

// stamp tells a file from what it becomes when it is replaced.
type stamp struct {
	time time.Time
	size int64
	id   [2]uint64
}

func stampOf(path string) (s stamp) {
	if info, err := os.Stat(path); err == nil {
		device, inode := inode(info)
		s = stamp{info.ModTime(), info.Size(), [2]uint64{device, inode}}
	}
	return s
}

// check reads the files the first time.
func (s *secrets) check() error {
	_, err := s.refresh()
	return err
}

// refresh reads the files again if they have changed. With an error, what was
// read before stays, and the next refresh tries again.
func (s *secrets) refresh() (changed bool, err error) {
	now := [3]stamp{stampOf(s.ca), stampOf(s.cert), stampOf(s.key)}
	if s.read && now == s.stamps {
		return false, nil
	}
	next := secrets{ca: s.ca, cert: s.cert, key: s.key, stamps: now, read: true}
	if err := next.load(); err != nil {
		return false, err
	}
	*s = next
	return true, nil
}

func (s *secrets) load() error {
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return fmt.Errorf("-tls-cert %q, -tls-key %q: want a certificate and its key: %w", s.cert, s.key, err)
		}
		s.own = []tls.Certificate{pair}
	}
	if s.ca == "" {
		return nil
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return fmt.Errorf("-tls-ca %q: want a file of certificates: %w", s.ca, err)
	}
	s.roots = x509.NewCertPool()
	if !s.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("-tls-ca %q: want a file of certificates: there is none in it", s.ca)
	}
	return nil
}

// config is for one connection.
func (s *secrets) config(name string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: s.roots, Certificates: s.own, MinVersion: tls.VersionTLS12}
}
