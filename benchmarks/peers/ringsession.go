package main

// ringSession is what a server that drives rings itself knows of a connection, which has at most
// one request under way: a receive, or a send of out.
type ringSession struct {
	fd      int
	buf     []byte // receives go into it; nil if there is content to send
	out     []byte // what is still to be sent
	off     int64  // bytes of the content sent
	sending bool
}

// newRingSession begins with a connection of s.
func newRingSession(s *server, fd int) ringSession {
	x := ringSession{fd: fd}
	if s.content == nil {
		x.buf = make([]byte, s.buf)
	}
	return x
}

// took notes that a request has moved n bytes.
func (x *ringSession) took(s *server, n int) {
	switch {
	case x.sending:
		x.out = x.out[n:]
	case s.proto == "sink":
		s.received.Add(uint64(n))
	default:
		x.out = x.buf[:n]
	}
}

// next decides what the next request is. It returns false if all of the content has been sent:
// the connection is to be closed then.
func (x *ringSession) next(s *server) bool {
	if len(x.out) == 0 && s.content != nil {
		if x.out = s.content.at(x.off); len(x.out) == 0 {
			return false
		}
		x.off += int64(len(x.out))
	}
	x.sending = len(x.out) > 0
	return true
}
