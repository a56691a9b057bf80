package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/datagram"
	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/internal/systemd"
)

// socketNames are the names that sockets of systemd may have: those of the flags in
// whose place they are.
var socketNames = []string{"tcp", "tls", "unix", "relp", "relp-tls", "udp", "unixgram", "http"}

// takeSockets takes over the sockets that systemd has opened.
func (c *config) takeSockets() (err error) {
	if c.passed, err = systemd.Sockets(); err != nil {
		return err
	}
	for _, p := range c.passed {
		if !slices.Contains(socketNames, p.Name) {
			c.closeSockets()
			return fmt.Errorf("socket %q of systemd: want FileDescriptorName to be %s", p.Name, cli.Or(socketNames...))
		}
	}
	if len(c.passed) > 0 && c.defaulted {
		c.tcp = nil
	}
	return nil
}

// closeSockets closes the files of the sockets. What listens on them has copies.
func (c *config) closeSockets() {
	for _, p := range c.passed {
		_ = p.File.Close()
	}
}

// named returns the sockets of a kind. Where there are some the flag of that name is
// not looked at.
func (c *config) named(kind string) (list []systemd.Socket) {
	for _, p := range c.passed {
		if p.Name == kind {
			list = append(list, p)
		}
	}
	return list
}

// usesTLS reports whether certificates are needed.
func (c *config) usesTLS() bool {
	return len(c.tls)+len(c.relpTLS)+len(c.named("tls"))+len(c.named("relp-tls")) > 0
}

// passedError says which socket of systemd cannot be used.
func passedError(kind string, err error) error {
	return fmt.Errorf("socket %q of systemd: %w", kind, err)
}

// passedListener makes a listener of a socket of systemd.
func (s *server) passedListener(p systemd.Socket) (net.Listener, error) {
	ln, err := s.engine.FileListener(p.File)
	if err != nil {
		return nil, passedError(p.Name, err)
	}
	return ln, nil
}

// addPassedPackets takes over the datagram sockets of systemd of a kind, and reports
// whether there are some.
func (s *server) addPassedPackets(kind string) (some bool, err error) {
	for _, p := range s.cfg.named(kind) {
		c, err := net.FilePacketConn(p.File)
		if err != nil {
			return true, passedError(kind, err)
		}
		if err := s.addPackets(kind, c.LocalAddr().String(), "", c.(datagram.Conn)); err != nil {
			return true, err
		}
		some = true
	}
	return some, nil
}

// tell tells systemd, if there is one, how the server is.
func (s *server) tell(states ...string) {
	if err := systemd.Notify(states...); err != nil {
		s.complain.Warn("logserver: telling systemd", "error", err)
	}
}

// watchdog tells systemd again and again that the server lives, as long as the store's
// writer goes on or has nothing to do. A writer that tries again, because the disk is
// full, goes on: starting anew would not help it.
func (s *server) watchdog(ctx context.Context, period time.Duration) {
	tick := time.NewTicker(max(period/3, time.Millisecond))
	defer tick.Stop()
	last := uint64(0)
	for {
		n, idle := s.store.Steps()
		if lives(last, n, idle) {
			s.tell(systemd.Watchdog)
		}
		last = n
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lives reports whether a writer lives that was at one step and is at another.
func lives(last, now uint64, idle bool) bool { return idle || now != last }
