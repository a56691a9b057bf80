package main

import (
	"fmt"
	"io"
	"net"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// checkConfig looks at what parseConfig does not: the files of certificates and secrets, and
// whether addresses are some. It opens nothing that a server which runs could miss.
func checkConfig(c config, out io.Writer) error {
	if c.usesTLS() {
		if _, err := newKeyring(c.tlsSettings()); err != nil {
			return cli.Usage(err)
		}
	}
	if _, err := c.web.tls(); err != nil {
		return cli.Usage(err)
	}
	if _, err := c.web.token(); err != nil {
		return cli.Usage(err)
	}
	sinks, err := c.sinkConfigs()
	if err != nil {
		return cli.Usage(err)
	}
	for _, k := range sinks {
		if err := k.Check(); err != nil {
			return cli.Usage(err)
		}
	}
	for _, k := range []struct {
		kind, network string
		addrs         []string
	}{
		{"tcp", "tcp", c.tcp}, {"tls", "tcp", c.tls}, {"relp", "tcp", c.relp}, {"relp-tls", "tcp", c.relpTLS}, {"udp", "udp", c.udp}, {"http", "tcp", []string{c.http}},
	} {
		for _, addr := range k.addrs {
			if addr == "" {
				continue
			}
			var err error
			if k.network == "udp" {
				_, err = net.ResolveUDPAddr(k.network, addr)
			} else {
				_, err = net.ResolveTCPAddr(k.network, addr)
			}
			if err != nil {
				return cli.Usage(fmt.Errorf("-%s %q: want host:port: %w", k.kind, addr, err))
			}
		}
	}
	fmt.Fprintln(out, "the configuration is valid")
	return nil
}
