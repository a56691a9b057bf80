package load

import (
	"bytes"
	"fmt"
)

// A talker is an Exchange whose server may speak at any time.
type talker interface {
	// Unasked takes bytes that came on connection id while it waited for no reply.
	Unasked(id uint32, b []byte) error
}

// maxHeld is the most that a talk keeps of a message that is not complete.
const maxHeld = maxMessage + 64<<10

// talk is what is known of a connection to a server that speaks at any time.
type talk struct {
	seq   uint32 // of the last request
	waits bool   // for its reply
	out   []byte // the request
	owed  []byte // what the server is to be told before the next
	in    []byte // what has come, and is not taken yet
}

// next begins a request, or reports false if it is the one that out holds.
func (t *talk) next(seq uint32) bool {
	if t.seq == seq {
		return false
	}
	t.seq, t.waits = seq, true
	t.out = append(t.out[:0], t.owed...)
	t.owed = t.owed[:0]
	return true
}

// take adds b to what has come and gives it to each until that takes no more, which says
// how much it took and whether the reply is complete.
func (t *talk) take(b []byte, each func(in []byte) (n int, done bool, err error)) (done bool, err error) {
	t.in = append(t.in, b...)
	rest := t.in
	for {
		n, last, err := each(rest)
		if err != nil {
			return false, err
		}
		if last && !t.waits {
			return false, fmt.Errorf("a reply that no request asked for: %q", head(rest))
		}
		if last {
			t.waits, done = false, true
		}
		if n == 0 {
			break
		}
		rest = rest[n:]
	}
	t.in = t.in[:copy(t.in, rest)]
	if len(t.in) > maxHeld {
		return false, fmt.Errorf("%d bytes without an end: %q", len(t.in), head(t.in))
	}
	return done, nil
}

// talks are those of a client's connections.
type talks[T any] struct{ list []*T }

// at returns that of connection id.
func (t *talks[T]) at(id uint32) *T {
	for uint32(len(t.list)) <= id {
		t.list = append(t.list, new(T))
	}
	return t.list[id]
}

// nats publishes messages to a subject of the connection's own, and wants them back.
type nats struct {
	msg   *echo
	conns talks[talk]
}

func newNATS(size int) (*nats, error) {
	msg, err := newEcho(size)
	return &nats{msg: msg}, err
}

func (n *nats) Request(id, seq uint32) []byte {
	t := n.conns.at(id)
	if !t.next(seq) {
		return t.out
	}
	if seq == 1 {
		t.out = fmt.Appendf(t.out, "CONNECT {\"verbose\":false}\r\nSUB load.%d 1\r\n", id)
	}
	msg := n.msg.Request(id, seq)
	t.out = fmt.Appendf(t.out, "PUB load.%d %d\r\n", id, len(msg))
	t.out = append(append(t.out, msg...), "\r\n"...)
	return t.out
}

func (n *nats) Reply(id, _ uint32, _ int, b []byte) (bool, error) {
	t := n.conns.at(id)
	return t.take(b, func(in []byte) (int, bool, error) { return n.read(id, t, in) })
}

func (n *nats) Unasked(id uint32, b []byte) error {
	_, err := n.Reply(id, 0, 0, b)
	return err
}

// read takes a line and, if it is a message's, the message.
func (n *nats) read(id uint32, t *talk, in []byte) (int, bool, error) {
	line, rest, found := bytes.Cut(in, []byte("\r\n"))
	verb, _, _ := bytes.Cut(line, []byte(" "))
	switch {
	case !found:
		return 0, false, nil
	case string(verb) == "INFO":
		return len(in) - len(rest), false, nil
	case string(verb) == "PING":
		t.owed = append(t.owed, "PONG\r\n"...)
		return len(in) - len(rest), false, nil
	}
	want := n.msg.Request(id, t.seq)
	if got := string(line); got != fmt.Sprintf("MSG load.%d 1 %d", id, len(want)) {
		return 0, false, fmt.Errorf("NATS: %q", head(line))
	}
	if len(rest) < len(want)+2 {
		return 0, false, nil
	}
	if _, err := n.msg.Reply(id, t.seq, 0, rest[:len(want)]); err != nil {
		return 0, false, err
	}
	if end := rest[len(want) : len(want)+2]; string(end) != "\r\n" {
		return 0, false, fmt.Errorf("NATS: a message ends with %q", end)
	}
	return len(in) - len(rest) + len(want) + 2, true, nil
}
