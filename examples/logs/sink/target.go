package sink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
)

// newTarget makes what a Config says. It connects to nothing, but reads the files of keys
// and certificates, so that a mistake is found at start.
func newTarget(c *Config, log *slog.Logger, counts *counters) (target, error) {
	t, err := makeTarget(c, log, counts)
	if err != nil {
		return nil, fmt.Errorf("sink %s: %w", c.Name, err)
	}
	return t, nil
}

// Check reads the files that the Config names, as New does. It connects to nothing.
func (c *Config) Check() error {
	_, err := newTarget(c, slog.New(slog.DiscardHandler), new(counters))
	return err
}

func makeTarget(c *Config, log *slog.Logger, counts *counters) (target, error) {
	secure, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	switch c.Kind {
	case NATS:
		return newNATS(c, secure, log, counts)
	case Kafka:
		return newKafka(c, secure, counts)
	case RELP, RELPTLS:
		return &relpTarget{dialer{c.Servers[0], secure}, relayed{c.Header, c.MaxMessage}, c.Window}, nil
	case TLS:
		return &tlsTarget{dialer{c.Servers[0], secure}, relayed{c.Header, c.MaxMessage}}, nil
	}
	return nil, fmt.Errorf("sink: kind %v: %s", c.Kind, wantURL)
}

// tlsConfig is what the sink speaks TLS with; nil: it does not.
func (c *Config) tlsConfig() (*tls.Config, error) {
	if !c.UseTLS && c.Kind != TLS && c.Kind != RELPTLS {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.Kind == TLS || c.Kind == RELPTLS {
		if t.ServerName == "" {
			t.ServerName, _, _ = net.SplitHostPort(c.Servers[0])
		}
	}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("ca %s: %w", c.CA, err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca %s: want a PEM file with certificates", c.CA)
		}
	}
	if c.Cert != "" {
		cert, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("cert %s, key %s: %w", c.Cert, c.Key, err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// secret reads a file with one.
func secret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return "", errors.New(path + ": it is empty: want a secret")
	}
	return text, nil
}
