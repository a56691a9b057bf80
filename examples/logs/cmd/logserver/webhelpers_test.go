package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trusting is for clients of certificates that are made on the spot.
var trusting = &tls.Config{InsecureSkipVerify: true}

// framed is a log as it is sent: with a count, or as a line if it has no priority, which
// counts are told by.
func framed(log string) string {
	if strings.HasPrefix(log, "<") {
		return asCounted([]string{log})
	}
	return strings.TrimSuffix(log, "\n") + "\n"
}

// certificate writes a certificate and its key.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	c, err := forLocalhost()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
