package uringnet_test

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/uringnet/go-uringnet/uringnet"
)

// TestNettest runs the conformance tests that golang.org/x/net has for any
// net.Conn.
func TestNettest(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
				return makePipe(t, stackOf(e), network)
			})
		})
	})
}

func makePipe(t *testing.T, s stack, network string) (c1, c2 net.Conn, stop func(), err error) {
	ln, err := s.listen(network, localAddress(t, network))
	if err != nil {
		return nil, nil, nil, err
	}
	defer ln.Close()
	dialed := start("Dial", func() (net.Conn, error) { return s.dial(ln.Addr().Network(), ln.Addr().String()) })
	c1, err = ln.Accept()
	if err != nil {
		return nil, nil, nil, err
	}
	<-dialed.done
	if dialed.err != nil {
		c1.Close()
		return nil, nil, nil, dialed.err
	}
	c2 = dialed.val
	return c1, c2, func() { c1.Close(); c2.Close() }, nil
}
