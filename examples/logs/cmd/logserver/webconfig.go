package main

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// webConfig is what flags say about the address of the page besides that.
type webConfig struct {
	logs      bool // log contents are served
	cert, key string
	tokenFile string
	hosts     []string
}

// flags adds the flags that set c.
func (c *webConfig) flags(fs *cli.Set) {
	fs.Bool(&c.logs, "http-logs", "serve log contents and sources on -http: on loopback, elsewhere with TLS and a token only")
	fs.String(&c.cert, "http-tls-cert", "PEM `file` of the certificate for -http; with it, that speaks TLS")
	fs.String(&c.key, "http-tls-key", "PEM `file` of its private key")
	fs.String(&c.tokenFile, "http-token-file", "`file` with a token of 16 characters or more, without which no log contents are served")
	fs.List(&c.hosts, "http-host", "`names` by which -http may be asked for log contents, besides localhost and its own\naddress; comma-separated or repeated")
}

// check looks for values that do not go together. Where a name is listened on is known
// later: mayServe looks at that.
func (c *webConfig) check(fs *cli.Set, http string) error {
	host, _, err := net.SplitHostPort(http)
	ip, notIP := netip.ParseAddr(host)
	public := err == nil && (host == "" || notIP == nil && !ip.Unmap().IsLoopback())
	switch {
	case public && !c.open():
		return errOpen(http)
	case c.cert != "" && c.key == "":
		return fs.Refuse("http-tls-cert", "-http-tls-key with it")
	case c.key != "" && c.cert == "":
		return fs.Refuse("http-tls-key", "-http-tls-cert with it")
	}
	return nil
}

// The lengths of a token.
const minToken, maxToken = 16, 4096

// token reads the token, of which a hash is kept; nil if there is none.
func (c *webConfig) token() (*[sha256.Size]byte, error) {
	if c.tokenFile == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return nil, fmt.Errorf("-http-token-file: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if len(text) < minToken || len(text) > maxToken || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &cli.Refusal{Flag: "http-token-file", Value: c.tokenFile, Want: fmt.Sprintf("a file of one line of %d to %d characters, printable ASCII without spaces", minToken, maxToken)}
	}
	hash := sha256.Sum256([]byte(text))
	return &hash, nil
}

// tls returns what -http speaks TLS with; nil if it does not.
func (c *webConfig) tls() (*tls.Config, error) {
	if c.cert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("-http-tls-cert: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// errOpen is about an address where anybody could read logs.
func errOpen(http string) error {
	return fmt.Errorf("-http %q: log contents are served on loopback only, unless there are TLS and a token: want an address as 127.0.0.1:9514, or -http-tls-cert, -http-tls-key and -http-token-file with it, or -http-logs=false", http)
}

// open reports whether it does not matter who can connect.
func (c *webConfig) open() bool { return !c.logs || c.cert != "" && c.tokenFile != "" }

// mayServe refuses to serve log contents on an address where anybody could read them.
func (c *webConfig) mayServe(http string, addr net.Addr) error {
	if c.open() || isLoopback(addr) {
		return nil
	}
	return errOpen(http)
}

func isLoopback(addr net.Addr) bool {
	a, ok := addr.(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// allowed reports whether a Host header is of this server: another name is one that
// somebody has made to point here, so that a browser takes what is served for his
// (DNS rebinding). local is the address that the connection came to.
func (c *webConfig) allowed(host string, local net.Addr) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		here, ok := local.(*net.TCPAddr)
		return ip.IsLoopback() || ok && here.AddrPort().Addr().Unmap() == ip.Unmap()
	}
	for _, name := range c.hosts {
		if host != "" && strings.EqualFold(host, strings.TrimSuffix(name, ".")) {
			return true
		}
	}
	return false
}
