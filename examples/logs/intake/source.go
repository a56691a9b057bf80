package intake

import (
	"crypto/tls"
	"net"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// SourceOf says who is at the other end of c, which came to the listener that is
// configured as listener. The subject is that of c's TLS client certificate, if
// the handshake is over.
func SourceOf(c net.Conn, listener string) *store.Source {
	return &store.Source{Peer: peerName(c.RemoteAddr()), Listener: listener, Subject: subject(c)}
}

// peerName is a client's address as records have it; clients on unix sockets have
// none.
func peerName(a net.Addr) string {
	if a == nil || strings.HasPrefix(a.Network(), "unix") {
		return ""
	}
	return a.String()
}

// subject is that of the client certificate of c; "" if there is none.
func subject(c net.Conn) string {
	secure, ok := c.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return ""
	}
	if certs := secure.ConnectionState().PeerCertificates; len(certs) > 0 {
		return certs[0].Subject.String()
	}
	return ""
}

// identify completes the session's source when the TLS handshake is over: before
// its first record.
func (x *Session) identify(c net.Conn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.source == nil || x.source.Subject != "" {
		return
	}
	if name := subject(c); name != "" {
		src := *x.source
		src.Subject = name
		x.source = &src
	}
}

// sourceKey is what the session's source is counted by: its address without the port.
func (x *Session) sourceKey() (key stats.SourceKey, known bool) {
	src := x.source
	if src == nil {
		return key, false
	}
	if x.keyOf != src { // made once, and again when the subject is known
		peer := src.Peer
		if host, _, err := net.SplitHostPort(peer); err == nil {
			peer = host
		}
		x.keyOf, x.key = src, stats.SourceKey{Peer: peer, Listener: src.Listener, Subject: src.Subject}
	}
	return x.key, true
}
