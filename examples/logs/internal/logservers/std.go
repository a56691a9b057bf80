package logservers

import (
	"net"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/frame"
	"github.com/uringnet/go-uringnet/examples/logs/relp"
)

// maxQueued is how many bytes may wait for the writer: beyond it connections
// wait too.
const maxQueued = 8 << 20

// stdServer has a goroutine for each connection, which parses 64 KiB at a time
// and appends to the batch, and one that writes all that has gathered in one
// piece: group commit.
type stdServer struct {
	o Options
	t *tally

	mu   sync.Mutex
	cond sync.Cond // the batch has grown from nothing, or was taken
	cur  batch     // guarded by mu
}

// batch is what is written in one go.
type batch struct {
	buf  []byte
	logs uint64
	acks []ack
}

// ack is what is sent when a batch is stored.
type ack struct {
	c net.Conn
	b []byte
}

func serveStd(o Options, t *tally, lines, acked net.Listener, datagrams *net.UDPConn) error {
	s := &stdServer{o: o, t: t}
	s.cond.L = &s.mu
	ended := make(chan error, 4)
	go func() { ended <- s.accept(lines, s.readLines) }()
	go func() { ended <- s.accept(acked, s.readRELP) }()
	go func() { ended <- s.readUDP(datagrams) }()
	go func() { ended <- s.write() }()
	return <-ended
}

func (s *stdServer) accept(ln net.Listener, handle func(net.Conn)) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			handle(c)
		}()
	}
}

func (s *stdServer) readLines(c net.Conn) {
	in := frame.NewSplitter(maxLine)
	var out []byte
	var logs uint64
	var now time.Time
	emit := func(msg []byte) bool {
		out = s.t.process(out, msg, now)
		logs++
		return true
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		now, out, logs = time.Now(), out[:0], 0
		in.Feed(buf[:n], emit)
		s.add(out, logs, ack{})
		if err != nil {
			return
		}
	}
}

func (s *stdServer) readRELP(c net.Conn) {
	in := relp.NewParser(maxLine)
	var out, acks []byte
	var logs uint64
	var now time.Time
	emit := func(txnr uint32, msg []byte) bool {
		out = s.t.process(out, msg, now)
		acks = relp.AppendAck(acks, txnr)
		logs++
		return true
	}
	buf := make([]byte, 64<<10)
	for !in.Closed {
		n, err := c.Read(buf)
		now, out, acks, logs = time.Now(), out[:0], nil, 0
		if _, ferr := in.Feed(buf[:n], emit); ferr != nil {
			return
		}
		acks = append(acks, in.Out...)
		in.Out = in.Out[:0]
		s.add(out, logs, ack{c, acks})
		if err != nil {
			return
		}
	}
}

// readUDP takes a log from each datagram.
func (s *stdServer) readUDP(c *net.UDPConn) error {
	buf := make([]byte, maxLine)
	var out []byte
	for {
		n, _, err := c.ReadFromUDP(buf)
		if err != nil {
			return err
		}
		out = s.t.process(out[:0], buf[:n], time.Now())
		s.add(out, 1, ack{})
	}
}

// add adds a chunk to the batch, and waits while that is large.
func (s *stdServer) add(b []byte, logs uint64, a ack) {
	if len(b)+len(a.b) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.cur.buf) >= maxQueued {
		s.cond.Wait()
	}
	if len(s.cur.buf)+len(s.cur.acks) == 0 {
		s.cond.Broadcast()
	}
	s.cur.buf = append(s.cur.buf, b...)
	s.cur.logs += logs
	if len(a.b) > 0 {
		s.cur.acks = append(s.cur.acks, a)
	}
}

// write is the writer goroutine.
func (s *stdServer) write() error {
	seg := &segment{dir: s.o.Dir}
	var b batch
	for {
		b = s.take(b)
		if len(b.buf) > 0 {
			if err := seg.write(b.buf); err != nil {
				return err
			}
			if s.o.Sync {
				if err := datasync(seg.f); err != nil {
					return err
				}
			}
		}
		s.t.stored.Add(b.logs)
		for _, a := range b.acks {
			_, _ = a.c.Write(a.b) // whoever reads finds out
		}
	}
}

// take returns what has gathered, and leaves the emptied spare in its place.
func (s *stdServer) take(spare batch) batch {
	clear(spare.acks)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.cur.buf)+len(s.cur.acks) == 0 {
		s.cond.Wait()
	}
	full := s.cur
	s.cur = batch{buf: spare.buf[:0], acks: spare.acks[:0]}
	s.cond.Broadcast()
	return full
}
