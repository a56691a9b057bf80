package relp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Errors that end a Client.
var (
	// ErrRefused is a response that is not a 200.
	ErrRefused = errors.New("RELP message refused")
	// ErrServerClosed is the receiver's end of the session.
	ErrServerClosed = errors.New("RELP session closed by the server")
	// ErrSilent is a server that has not acknowledged anything in time.
	ErrSilent = errors.New("RELP server does not answer")
	// ErrClosed is a call after Close or Abort.
	ErrClosed = errors.New("RELP client closed")
)

// flushAt is how many bytes of frames are collected before they are written.
const flushAt = 64 << 10

// ClientConfig configures a Client.
type ClientConfig struct {
	// Window is how many messages may be sent and not acknowledged; at least 1.
	Window int
	// Timeout is how long the server may acknowledge nothing while it has
	// something to, and how long a write may take. 0 means for ever.
	Timeout time.Duration
	// Acked, if not nil, is told that the oldest n messages which were not
	// acknowledged now are, before their places are free and Close returns. It
	// is called from the Client's own goroutine, and must not call the Client.
	// It is not called any more when Abort or Close has returned.
	Acked func(n int)
}

// Client is the sender's side of a session: it sends messages without waiting for
// each to be acknowledged. Send, Flush and Close belong to one goroutine; Abort,
// Done and Err may be called by any.
type Client struct {
	conn net.Conn
	cfg  ClientConfig
	out  []byte // frames that are not written; Send's goroutine only
	txnr uint32 // of the last frame; Send's goroutine only

	mu     sync.Mutex
	change sync.Cond // of pending, err
	ring   []bool    // by age: whether the message is acknowledged
	oldest uint32    // transaction number of ring[head]
	head   int       // of the oldest message
	n      int       // messages sent and not acknowledged from the front
	ending uint32    // transaction number of close, once it is sent
	closed bool      // the response to close has come
	err    error     // why the session is over
	done   chan struct{}
}

// NewClient opens a session on conn, which the Client closes in the end, and also
// if it returns an error.
func NewClient(conn net.Conn, cfg ClientConfig) (*Client, error) {
	cfg.Window = max(cfg.Window, 1)
	c := &Client{conn: conn, cfg: cfg, ring: make([]bool, cfg.Window), done: make(chan struct{})}
	c.change.L = &c.mu
	r := newResponses(conn)
	if err := c.open(r); err != nil {
		_ = conn.Close()
		return nil, err
	}
	go c.listen(r)
	return c, nil
}

// open says hello and waits for the answer.
func (c *Client) open(r *responses) error {
	c.txnr = 1
	if c.cfg.Timeout > 0 {
		if err := c.conn.SetDeadline(time.Now().Add(c.cfg.Timeout)); err != nil {
			return err
		}
	}
	hello := appendFrame(nil, c.txnr, "open", []byte("relp_version=0\nrelp_software=uringnet-logship\ncommands=syslog"))
	if _, err := c.conn.Write(hello); err != nil {
		return silent(err)
	}
	rsp, err := r.next()
	switch {
	case err != nil:
		return silent(err)
	case rsp.txnr != c.txnr:
		return fmt.Errorf("%w: response %d to open, which is %d", ErrTxnr, rsp.txnr, c.txnr)
	case !rsp.ok():
		return fmt.Errorf("%w: open: %.100q", ErrRefused, rsp.data)
	}
	return c.conn.SetDeadline(time.Time{})
}

// Send queues a message; Flush sends what is queued, and Send does by itself when
// there is much. It waits while a whole window is not acknowledged.
func (c *Client) Send(msg []byte) error {
	if err := c.place(); err != nil {
		return err
	}
	c.out = appendFrame(c.out, c.txnr, "syslog", msg)
	if len(c.out) >= flushAt {
		return c.Flush()
	}
	return nil
}

// place takes a place in the window and the next transaction number.
func (c *Client) place() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.n == len(c.ring) && c.err == nil {
		c.mu.Unlock()
		err := c.Flush()
		c.mu.Lock()
		if err != nil {
			return err
		}
		if c.n == len(c.ring) && c.err == nil {
			c.change.Wait()
		}
	}
	if c.err != nil {
		return c.err
	}
	c.txnr = next(c.txnr)
	if c.n == 0 {
		c.oldest = c.txnr
		c.expect()
	}
	c.ring[(c.head+c.n)%len(c.ring)] = false
	c.n++
	return nil
}

// expect has the server's time to answer begin. The lock is held.
func (c *Client) expect() {
	if c.cfg.Timeout > 0 {
		_ = c.conn.SetReadDeadline(time.Now().Add(c.cfg.Timeout)) // if it fails, so does the Read
	}
}

// Flush writes what Send has queued.
func (c *Client) Flush() error {
	if len(c.out) == 0 {
		return c.Err()
	}
	if c.cfg.Timeout > 0 {
		_ = c.conn.SetWriteDeadline(time.Now().Add(c.cfg.Timeout))
	}
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		c.fail(silent(err))
	}
	return c.Err()
}

// Unacked is how many messages were sent and are not acknowledged.
func (c *Client) Unacked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// Done is closed when the session is over.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the session is over; nil while it is not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close waits until all messages are acknowledged, ends the session and closes
// the connection. An error means that they are not.
func (c *Client) Close() error {
	err := c.finish()
	c.fail(ErrClosed)
	return err
}

func (c *Client) finish() error {
	if err := c.Flush(); err != nil {
		return err
	}
	c.mu.Lock()
	for c.n > 0 && c.err == nil {
		c.change.Wait()
	}
	err := c.err
	if err == nil {
		c.txnr = next(c.txnr)
		c.ending = c.txnr
		c.expect()
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	c.out = appendFrame(c.out, c.txnr, "close", nil)
	_ = c.Flush() // every message is acknowledged: what follows is politeness
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && c.err == nil {
		c.change.Wait()
	}
	return nil
}

// Abort ends the session at once, with what is not acknowledged.
func (c *Client) Abort() { c.fail(ErrClosed) }

// fail ends the session, for the first of its reasons.
func (c *Client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	_ = c.conn.Close()
	close(c.done)
	c.change.Broadcast()
}

// listen takes responses until the session is over.
func (c *Client) listen(r *responses) {
	for {
		rsp, err := r.next()
		if err == nil {
			err = c.take(rsp, r.buffered())
		}
		if err != nil {
			c.fail(silent(err))
			return
		}
	}
}

// take takes a response. more says that another has come already.
func (c *Client) take(rsp response, more bool) error {
	if rsp.txnr == 0 {
		return c.serverClosed()
	}
	if !rsp.ok() {
		return fmt.Errorf("%w: %.100q", ErrRefused, rsp.data)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err // what had been read when the session ended is not told of
	}
	return c.mark(rsp.txnr, !more)
}

// serverClosed is the receiver's end: after the response to close, it is ours.
func (c *Client) serverClosed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	return ErrServerClosed
}

// mark notes that a message is acknowledged, and frees the places at the front of
// the window. last says that the server's time to answer begins anew. The lock is
// held.
func (c *Client) mark(txnr uint32, last bool) error {
	if txnr == c.ending {
		c.closed = true
		c.change.Broadcast()
		return nil
	}
	i := since(c.oldest, txnr)
	if i >= c.n {
		return fmt.Errorf("%w: response to %d, which is not sent", ErrTxnr, txnr)
	}
	at := (c.head + i) % len(c.ring)
	if c.ring[at] {
		return fmt.Errorf("%w: a second response to %d", ErrTxnr, txnr)
	}
	c.ring[at] = true
	c.shift()
	switch {
	case c.cfg.Timeout <= 0:
		return nil
	case c.n == 0:
		return c.conn.SetReadDeadline(time.Time{})
	case last:
		return c.conn.SetReadDeadline(time.Now().Add(c.cfg.Timeout))
	}
	return nil
}

// shift takes what is acknowledged off the front of the window.
func (c *Client) shift() {
	acked := 0
	for c.n > 0 && c.ring[c.head] {
		c.ring[c.head] = false
		c.head = (c.head + 1) % len(c.ring)
		c.oldest = next(c.oldest)
		c.n--
		acked++
	}
	if acked == 0 {
		return
	}
	if c.cfg.Acked != nil {
		c.cfg.Acked(acked)
	}
	c.change.Broadcast()
}

// since is how many numbers txnr comes after from.
func since(from, txnr uint32) int {
	if txnr < from {
		txnr += maxTxnr
	}
	return int(txnr - from)
}

// silent gives a timeout its name.
func silent(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSilent
	}
	return err
}
