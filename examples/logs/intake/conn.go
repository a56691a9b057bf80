package intake

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/buffers"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

const (
	waitSize = 2 << 10  // how much ServeConn reads when nothing may be there
	readSize = 64 << 10 // how much it reads at a time
)

// ServeConn serves a connection until it ends, closes it, and returns when the
// store has all that came; acknowledgements are waited for as long as
// Config.Linger says. Connections are spread over the store's lanes. The records
// say that src sent them, with the subject of the TLS client certificate; nil:
// nobody knows.
func (s *Server) ServeConn(c net.Conn, proto Proto, src *store.Source) {
	p := &connPeer{
		c: c, linger: s.cfg.Linger, most: s.cfg.MaxUnread / 2, closed: make(chan struct{}),
	}
	p.changed.L = &p.mu
	x := s.NewSession(p, proto, int(s.lanes.Add(1)), src)
	p.read(x)
	x.End(net.ErrClosed) // if it was closed while it was paused
	linger := time.NewTimer(s.cfg.Linger)
	defer linger.Stop()
	select {
	case <-p.closed:
	case <-linger.C:
		p.abort()
		<-p.closed
	}
	<-x.done
}

// read reads until the connection ends. It waits for data with a small buffer, and
// borrows a large one while there is more than fits.
func (p *connPeer) read(x *Session) {
	var small [waitSize]byte
	identified := false
	for more := false; p.mayRead(); {
		buf := small[:]
		if more {
			buf = buffers.Get(readSize)
			buf = buf[:cap(buf)]
		}
		n, err := p.c.Read(buf)
		if n > 0 {
			if !identified {
				identified = true
				x.identify(p.c)
			}
			x.Data(buf[:n])
		}
		if more {
			buffers.Put(buf)
		}
		more = n == len(buf)
		if err == nil {
			continue
		}
		ended := errors.Is(err, io.EOF)
		if ended {
			p.awaitTaken()
		}
		x.End(err)
		if !ended {
			p.abort()
		}
		return
	}
}

// A connPeer is a blocking connection as a Peer. What is written is queued, and
// sent by a goroutine that runs while there is something to send.
type connPeer struct {
	c      net.Conn
	linger time.Duration
	most   int           // nothing is read while more than that waits to be sent
	closed chan struct{} // closed when c is

	mu      sync.Mutex
	changed sync.Cond // paused, held, closing, or what waits to be sent
	paused  bool
	held    bool // the session is stalled
	closing bool // close c when all is sent
	gone    bool // c is closed
	sending bool // the goroutine runs
	queue   []byte
	sent    int // how much it is sending
}

// RemoteAddr is the client's address.
func (p *connPeer) RemoteAddr() net.Addr { return p.c.RemoteAddr() }

// Write queues b.
func (p *connPeer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing || p.gone {
		return 0, net.ErrClosed
	}
	p.queue = buffers.Append(p.queue, b)
	if !p.sending {
		p.sending = true
		go p.send()
	}
	return len(b), nil
}

// Buffered is the number of bytes not sent yet.
func (p *connPeer) Buffered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) + p.sent
}

// send sends what is queued, and closes the connection then if it should be.
func (p *connPeer) send() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 && !p.gone {
		b := p.queue
		p.queue = nil
		p.sent = len(b)
		p.mu.Unlock()
		_, err := p.c.Write(b)
		p.mu.Lock()
		p.sent = 0
		buffers.Put(b)
		if err != nil {
			p.queue = nil // whoever reads finds out
		}
		p.changed.Broadcast()
	}
	p.sending = false
	if p.closing {
		p.closeConn()
	}
}

// Held notes whether the session is stalled, and tells the connection if it wants
// to know.
func (p *connPeer) Held(held bool) {
	p.mu.Lock()
	p.held = held
	p.mu.Unlock()
	p.changed.Broadcast()
	if c, ok := p.c.(interface{ Held(bool) }); ok {
		c.Held(held)
	}
}

// Received tells the connection how many logs came, if it wants to know.
func (p *connPeer) Received(n int) {
	if c, ok := p.c.(interface{ Received(int) }); ok {
		c.Received(n)
	}
}

// awaitTaken gives the store some time to take what the session holds: a client
// that has only ended its side still reads what is acknowledged.
func (p *connPeer) awaitTaken() {
	expired := false
	t := time.AfterFunc(p.linger, func() {
		p.mu.Lock()
		expired = true
		p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer t.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.held && !expired && !p.closing {
		p.changed.Wait()
	}
}

// Pause has mayRead wait.
func (p *connPeer) Pause() {
	p.mu.Lock()
	p.paused = true
	p.mu.Unlock()
}

// Resume ends Pause.
func (p *connPeer) Resume() {
	p.mu.Lock()
	p.paused = false
	p.mu.Unlock()
	p.changed.Broadcast()
}

// mayRead waits while the peer is paused, or does not read. false means that it
// is being closed.
func (p *connPeer) mayRead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for (p.paused || len(p.queue)+p.sent > p.most) && !p.closing {
		p.changed.Wait()
	}
	return !p.closing
}

// Close closes the connection when what was written has been sent, which the
// client has some time for.
func (p *connPeer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return nil
	}
	p.closing = true
	p.changed.Broadcast()
	if !p.sending {
		p.closeConn()
		return nil
	}
	return p.c.SetWriteDeadline(time.Now().Add(p.linger))
}

// abort closes the connection at once.
func (p *connPeer) abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	p.closeConn()
}

// closeConn closes the connection, which for TLS may take time. The caller holds
// p.mu.
func (p *connPeer) closeConn() {
	if !p.gone {
		p.gone = true
		go func() {
			p.c.Close()
			close(p.closed)
		}()
	}
}
