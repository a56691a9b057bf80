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
	name  string // kind and address as they are configured, for records
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
	deadline := time.Now().Add(inUsePatience)
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
			ln, err := s.openListener(k.network, addr, deadline)
			if err != nil {
				return listenError(k.kind, k.network, addr, err)
			}
			s.listeners = append(s.listeners, &listener{k.kind, k.kind + "://" + addr, ln, k.proto, k.tls})
		}
	}
	return nil
}

// inUsePatience is how long all listeners together wait for addresses in use.
// Whoever starts a second server is to be told within a second.
const inUsePatience = 700 * time.Millisecond

// openListener opens one listener.
func (s *server) openListener(network, addr string, deadline time.Time) (ln net.Listener, err error) {
	if network != "unix" {
		return s.listenPatiently(network, addr, deadline)
	}
	removeStale(addr)
	if s.cfg.unixMode == 0 {
		ln, err = s.listenPatiently(network, addr, deadline)
	} else {
		err = withMask(s.cfg.unixMode&0o700, func() error {
			ln, err = s.listenPatiently(network, addr, deadline)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	if err = s.setPermissions(addr); err != nil {
		_ = ln.Close()
		return nil, err
	}
	return ln, nil
}

// setPermissions gives a unix socket its group and mode. The group comes first: with
// -unix-mode only the owner may connect until then.
func (s *server) setPermissions(path string) error {
	if gid := s.cfg.group.gid; gid > 0 {
		if err := setGroup(path, gid); err != nil {
			return fmt.Errorf("-group %q: %w", s.cfg.group.name, err)
		}
	}
	if s.cfg.unixMode == 0 {
		return nil
	}
	return os.Chmod(path, s.cfg.unixMode)
}

// listenError says which listener cannot be opened, and who is in its place if
// that is known.
func listenError(kind, network, addr string, err error) error {
	if inUse(err) {
		return fmt.Errorf("-%s %q: the address is in use%s: %w", kind, addr, by(listenerOwner(network, addr)), err)
	}
	return fmt.Errorf("-%s %q: %w", kind, addr, err)
}

// by names a process; 0: it is not known.
func by(pid int) string {
	if pid == 0 {
		return ""
	}
	return fmt.Sprintf(" by process %d", pid)
}

// listenPatiently is Listen, again until the deadline if the address is in use:
// the kernel may need a moment to take back the rings, and with them the sockets,
// of a process that was killed.
func (s *server) listenPatiently(network, addr string, deadline time.Time) (net.Listener, error) {
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

// admit serves a connection, or closes it if it has no place.
func (s *server) admit(l *listener, c net.Conn) {
	t, ok := s.admitted(c)
	switch {
	case !ok:
	case l.tls || s.cfg.mode == modeConns:
		s.serveConn(l, c, t)
	default:
		s.serveEvents(l, c, t)
	}
}
