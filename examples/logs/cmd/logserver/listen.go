package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
)

// listener is an address that connections come to.
type listener struct {
	kind  string // the name of its flag
	ln    net.Listener
	proto intake.Proto
	tls   bool
}

// listen opens every listener of the configuration, or none.
func (s *server) listen() (err error) {
	defer func() {
		if err != nil {
			s.closeListeners()
		}
	}()
	for _, k := range []struct {
		kind, network string
		addrs         []string
		proto         intake.Proto
		tls           bool
	}{
		{"tcp", "tcp", s.cfg.tcp, intake.Auto, false},
		{"tls", "tcp", s.cfg.tls, intake.Auto, true},
		{"unix", "unix", s.cfg.unix, intake.Auto, false},
		{"relp", "tcp", s.cfg.relp, intake.RELP, false},
		{"relp-tls", "tcp", s.cfg.relpTLS, intake.RELP, true},
	} {
		for _, addr := range k.addrs {
			if k.network == "unix" {
				removeStale(addr)
			}
			ln, err := s.listenPatiently(k.network, addr)
			if err != nil {
				return fmt.Errorf("-%s: %w", k.kind, err)
			}
			s.listeners = append(s.listeners, &listener{k.kind, ln, k.proto, k.tls})
		}
	}
	return nil
}

// listenPatiently is Listen, again for a while if the address is in use: the
// kernel may need a moment to take back the rings, and with them the sockets, of
// a process that was killed.
func (s *server) listenPatiently(network, addr string) (net.Listener, error) {
	deadline := time.Now().Add(2 * time.Second)
	for {
		ln, err := s.engine.Listen(network, addr)
		if err == nil || !inUse(err) || time.Now().After(deadline) {
			return ln, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// removeStale removes a unix socket on which nobody listens: what a server
// that was killed has left.
func removeStale(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return
	}
	if refused(err) {
		_ = os.Remove(path) // if that fails, listening will say why
	}
}

func (s *server) closeListeners() {
	for _, l := range s.listeners {
		_ = l.ln.Close()
	}
}

// accept takes connections until the listener is closed. As net/http does, it
// waits a little after an error that passes, such as too many open files.
func (s *server) accept(l *listener) {
	pause := time.Duration(0)
	for {
		c, err := l.ln.Accept()
		if err == nil {
			pause = 0
			s.admit(l, c)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var ne net.Error
		//lint:ignore SA1019 nothing else tells EMFILE from a broken listener
		if !errors.As(err, &ne) || !ne.Temporary() {
			s.fail(fmt.Errorf("listener %s: %w", l.ln.Addr(), err))
			return
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.complain.Warn("logserver: accept", "error", err)
		select {
		case <-time.After(pause):
		case <-s.stopping:
			return
		}
	}
}

// admit serves a connection, or closes it if there are too many.
func (s *server) admit(l *listener, c net.Conn) {
	if s.cfg.maxConns > 0 && s.open.Add(1) > int64(s.cfg.maxConns) {
		s.open.Add(-1)
		s.stats.ConnsRejected.Add(1)
		s.complain.Warn("logserver: connection rejected", "error", errTooMany)
		_ = c.Close()
		return
	}
	if l.tls || s.cfg.mode == modeConns {
		s.serveConn(l, c)
	} else {
		s.serveEvents(l, c)
	}
}

var errTooMany = errors.New("too many connections (-max-conns)")
