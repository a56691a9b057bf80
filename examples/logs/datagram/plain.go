package datagram

import (
	"errors"
	"net"
	"net/netip"
)

// plain receives a datagram at a time by package net.
type plain struct {
	c    Conn
	buf  []byte
	list [1]Message
}

// newPlain returns a receiver of size bytes of each datagram.
func newPlain(c Conn, size int) *plain {
	return &plain{c: c, buf: make([]byte, size+1)} // one more shows what was longer
}

func (p *plain) receive(wait bool) ([]Message, error) {
	if !wait {
		return nil, nil
	}
	n, from, err := p.read()
	most := len(p.buf) - 1
	if err != nil && !(n == len(p.buf) && tooLong(err)) {
		return nil, err
	}
	p.list[0] = Message{Data: p.buf[:min(n, most)], From: from, Cut: n > most}
	return p.list[:], nil
}

// read reads one datagram.
func (p *plain) read() (n int, from netip.AddrPort, err error) {
	udp, ok := p.c.(*net.UDPConn)
	if !ok {
		n, _, err = p.c.ReadFrom(p.buf)
		return n, from, err
	}
	n, from, err = udp.ReadFromUDPAddrPort(p.buf)
	return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
}

// tooLong reports whether an error says that a datagram did not fit, as Windows does.
func tooLong(err error) bool { return errors.Is(err, errTooLong) }

func (p *plain) dropped() (uint32, bool) { return 0, false }
