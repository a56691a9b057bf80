package main

import (
	"net"
	"strings"
)

// server is one of -to.
type server struct {
	text    string // as it was given
	network string
	address string
	name    string // in its certificate
}

// resolve splits -to.
func (c *config) resolve() (servers []server, err error) {
	for _, to := range c.to {
		s := server{text: to, network: "tcp", address: to, name: c.name}
		if path, ok := strings.CutPrefix(to, "unix:"); ok {
			s.network, s.address = "unix", path
			if c.tls && c.name == "" {
				return nil, c.flags.Refuse("tls-name", "the name in the certificate, for TLS over a unix socket")
			}
		} else if host, _, err := net.SplitHostPort(to); err != nil {
			return nil, c.flags.Refuse("to", "host:port or unix:PATH: "+err.Error())
		} else if s.name == "" {
			s.name = host
		}
		servers = append(servers, s)
	}
	return servers, nil
}
