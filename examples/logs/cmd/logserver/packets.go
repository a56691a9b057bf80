package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/datagram"
	"github.com/uringnet/go-uringnet/examples/logs/guard"
	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// How many datagrams are received at a time, and how much of each. Memory that no
// datagram has needed is not touched.
const (
	udpCount, udpMost           = 64, 64 << 10
	unixgramCount, unixgramMost = 16, 256 << 10
)

// packetSocket is a socket that datagrams come to.
type packetSocket struct {
	kind string // the name of its flag
	name string // kind and address as they are configured, for records
	path string // of a unix socket that the server has made
	conn datagram.Conn
	in   *datagram.Receiver
	counts
	lost [losses]atomic.Uint64
	done chan struct{} // closed when nothing more is taken
}

// loss is why a datagram that was received is not stored.
type loss int

const (
	lostDenied loss = iota
	lostRate
	lostStop // the store was closed, and had no room before
	losses   // how many there are
)

// lossNames are their names as a metric's label.
var lossNames = [losses]string{"not_allowed", "rate", "stop"}

// openPackets opens the sockets for datagrams.
func (s *server) openPackets(deadline time.Time) error {
	some, err := s.addPassedPackets("udp")
	for _, addr := range s.cfg.udp {
		if err != nil || some {
			break
		}
		err = s.openUDP(addr, deadline)
	}
	if err != nil {
		return err
	}
	some, err = s.addPassedPackets("unixgram")
	for _, path := range s.cfg.unixgram {
		if err != nil || some {
			break
		}
		err = s.openUnixgram(path, deadline)
	}
	return err
}

// openUDP opens one of -udp.
func (s *server) openUDP(addr string, deadline time.Time) error {
	c, err := openPatiently(deadline, func() (*net.UDPConn, error) { return listenUDP(addr) })
	if err != nil {
		return listenError("udp", "udp", addr, err)
	}
	return s.addPackets("udp", addr, "", c)
}

// openUnixgram opens one of -unixgram.
func (s *server) openUnixgram(path string, deadline time.Time) error {
	removeStale("unixgram", path)
	var c *net.UnixConn
	err := s.withPermissions(path, func() (err error) {
		c, err = openPatiently(deadline, func() (*net.UnixConn, error) {
			return net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
		})
		return err
	})
	if err == nil {
		return s.addPackets("unixgram", path, path, c)
	}
	if c != nil {
		_ = c.Close()
		_ = os.Remove(path)
	}
	return listenError("unixgram", "unix", path, err)
}

// listenUDP opens a socket of an address.
func listenUDP(addr string) (*net.UDPConn, error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	return net.ListenUDP("udp", a)
}

// addPackets takes over a socket. path is that of a socket to be removed at the end.
func (s *server) addPackets(kind, addr, path string, c datagram.Conn) error {
	p := &packetSocket{kind: kind, name: kind + "://" + addr, path: path, conn: c, done: make(chan struct{})}
	s.packets = append(s.packets, p) // to be closed, whatever comes
	count, most := unixgramCount, unixgramMost
	if kind == "udp" {
		count, most = udpCount, udpMost
		s.setUDPBuffer(p)
	}
	var err error
	if p.in, err = datagram.NewReceiver(c, count, min(int(s.cfg.maxLine), most)); err != nil {
		return fmt.Errorf("-%s %q: %w", kind, addr, err)
	}
	return nil
}

// setUDPBuffer gives a socket the size of -udp-buffer, or says that it has less.
func (s *server) setUDPBuffer(p *packetSocket) {
	want := int(s.cfg.udpBuffer)
	if want == 0 {
		return
	}
	got, err := datagram.SetBuffer(p.conn, want)
	if err != nil || got < want {
		s.log.Warn("logserver: -udp-buffer: the kernel gives less; raise net.core.rmem_max, or give the process CAP_NET_ADMIN",
			"listener", p.name, "wanted", cli.Size(want), "got", cli.Size(got), "error", err)
	}
}

// receive takes datagrams until the socket is closed or the server stops.
func (s *server) receive(p *packetSocket) {
	defer close(p.done)
	to := s.intake.NewDatagrams(p.name)
	pause := time.Duration(0)
	for {
		list, err := p.in.Receive()
		switch {
		case err == nil:
			pause = 0
			if !s.takePackets(p, to, list) {
				return
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.takeRest(p, to)
			return
		case errors.Is(err, net.ErrClosed):
			return
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.complain.Warn("logserver: receiving datagrams", "listener", p.name, "error", err)
			select {
			case <-time.After(pause):
			case <-s.stopping:
			}
		}
	}
}

// takeRest takes what had come when the server was stopped, and a little of what
// comes: senders may go on for ever.
func (s *server) takeRest(p *packetSocket, to *intake.Datagrams) {
	end := time.Now().Add(packetsGrace(s.cfg.grace))
	for time.Now().Before(end) {
		list, err := p.in.Rest()
		if err != nil || len(list) == 0 || !s.takePackets(p, to, list) {
			return
		}
	}
}

// takePackets stores datagrams, but for those that their sources may not send. false
// means that the store is closed.
func (s *server) takePackets(p *packetSocket, to *intake.Datagrams, list []datagram.Message) bool {
	kept := list[:0]
	bytes := 0
	for _, m := range list {
		if s.permits(p, m.From) {
			kept = append(kept, m)
			bytes += len(m.Data)
		}
	}
	n, err := to.Take(kept)
	p.messages.Add(uint64(n))
	p.bytes.Add(uint64(bytes))
	if err != nil {
		p.lost[lostStop].Add(uint64(len(kept) - n))
	}
	return err == nil
}

// permits reports whether a datagram is taken; if not it is counted, and the log says
// so once a second for each source.
func (s *server) permits(p *packetSocket, from netip.AddrPort) bool {
	reason := s.limits.guard.Datagram(from.Addr())
	why := lostDenied
	switch reason {
	case guard.Admitted:
		return true
	case guard.TooFast:
		why = lostRate
	}
	p.lost[why].Add(1)
	source := sourceName(net.UDPAddrFromAddrPort(from))
	s.complain.Say(slog.LevelWarn, "dropped "+source, "logserver: datagrams dropped", "source", source, "error", errors.New(reason.String()))
	return false
}

// packetsGrace is how long datagrams are taken at the end at most.
func packetsGrace(grace time.Duration) time.Duration { return min(time.Second, grace/4) }

// stopPackets has the sockets take what is there, and waits for that.
func (s *server) stopPackets() {
	timeout := time.After(packetsGrace(s.cfg.grace))
	for _, p := range s.packets {
		_ = p.conn.SetReadDeadline(time.Unix(1, 0))
	}
	for _, p := range s.packets {
		select {
		case <-p.done:
		case <-timeout: // the store is full; its Close ends that
			return
		}
	}
}

// closePackets closes the sockets.
func (s *server) closePackets() {
	for _, p := range s.packets {
		_ = p.conn.Close()
		if p.path != "" {
			_ = os.Remove(p.path)
			p.path = ""
		}
	}
}

// exposePackets writes what is lost of datagrams.
func (s *server) exposePackets(e *stats.Exposition) {
	if len(s.packets) == 0 {
		return
	}
	const name = "logserver_datagrams_dropped_total"
	e.Head(name, "counter", "Datagrams that are not stored, by listener and reason; kernel: its buffer was full.")
	for _, p := range s.packets {
		label := listenerLabel(p.name)
		e.Sample(name, label+`,reason="kernel"`, float64(p.in.Dropped()))
		for why := range p.lost {
			e.Sample(name, label+`,reason="`+lossNames[why]+`"`, float64(p.lost[why].Load()))
		}
	}
}
