package relp

import (
	"bytes"
	"fmt"
)

// Parser is the receiver's side of a session. It belongs to one goroutine at a
// time.
type Parser struct {
	// Out is what the Parser has to say by itself: the responses to open and
	// close, and errors. The caller sends it and empties it.
	Out []byte
	// Closed is set by the sender's close. The caller acknowledges what it has
	// taken, sends Out and closes the connection.
	Closed bool

	max  int
	last uint32 // the last transaction number; 0: none yet
	part []byte // a frame that is not whole
	err  error
}

// NewParser returns a Parser for messages of at most maxLen bytes.
func NewParser(maxLen int) *Parser { return &Parser{max: max(maxLen, 1)} }

// Feed calls emit for each message ("syslog" frame) that b completes. A message
// is valid during the call only. If emit returns false, Feed stops: used says
// how many bytes of b were consumed, and the refused message comes again with
// the next Feed, to which the rest of b has to be given. After an error nothing
// more can be read.
func (p *Parser) Feed(b []byte, emit func(txnr uint32, msg []byte) bool) (used int, err error) {
	if p.err != nil {
		return 0, p.err
	}
	if len(p.part) > 0 {
		n, ok := p.completePart(b, emit)
		used = n
		if !ok || p.err != nil {
			return used, p.err
		}
	}
	for used < len(b) && !p.Closed {
		size, ok := p.frame(b[used:], emit)
		if p.err != nil || !ok {
			return used, p.err
		}
		if size == 0 { // not whole
			p.part = append(p.part, b[used:]...)
			return len(b), nil
		}
		used += size
	}
	if p.Closed {
		used = len(b) // nothing may follow a close
	}
	return used, nil
}

// completePart moves bytes of b to part until its frame is whole, and handles
// it. ok is false if there is not enough, or emit has refused: then part keeps
// the whole frame.
func (p *Parser) completePart(b []byte, emit func(uint32, []byte) bool) (used int, ok bool) {
	for {
		size, taken := p.frame(p.part, emit)
		if p.err != nil || !taken {
			return used, false
		}
		if size > 0 {
			p.part = p.part[:0]
			return used, true
		}
		n := min(p.missing(), len(b)-used)
		if n == 0 {
			return used, false
		}
		p.part = append(p.part, b[used:used+n]...)
		used += n
	}
}

// missing is how many bytes of part's frame are known to be missing.
func (p *Parser) missing() int {
	h, ok, _ := parseHeader(p.part)
	if !ok {
		return 1
	}
	return h.size + h.length + 1 - len(p.part)
}

// frame handles the frame at the start of b and returns its size, 0 if it is not
// whole. taken is false if emit has refused it.
func (p *Parser) frame(b []byte, emit func(uint32, []byte) bool) (size int, taken bool) {
	h, ok, err := parseHeader(b)
	if err == nil && ok && h.length > p.max {
		err = fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLong, h.length, p.max)
	}
	if err == nil && ok && (h.txnr == 0 || p.last != 0 && h.txnr != next(p.last)) {
		err = fmt.Errorf("%w: %d after %d", ErrTxnr, h.txnr, p.last)
	}
	if err == nil && !ok && len(b) > maxHeader {
		err = fmt.Errorf("%w: no header in %d bytes", ErrFrame, len(b))
	}
	if err != nil {
		p.err = err
		return 0, true
	}
	end := h.size + h.length
	if !ok || len(b) <= end {
		return 0, true
	}
	if b[end] != '\n' {
		p.err = fmt.Errorf("%w: %q where its LF should be", ErrFrame, b[end])
		return 0, true
	}
	if !p.handle(&h, b[h.size:end], emit) {
		return 0, false
	}
	p.last = h.txnr
	return end + 1, true
}

// offers is what the receiver can do, in the response to open.
const offers = "200 OK\nrelp_version=0\nrelp_software=uringnet-logserver\ncommands=syslog"

// handle handles a frame. It reports false if emit has refused it.
func (p *Parser) handle(h *header, data []byte, emit func(uint32, []byte) bool) bool {
	switch string(h.command) {
	case "syslog":
		return emit(h.txnr, data)
	case "open":
		if bytes.Contains(data, []byte("commands=")) && !bytes.Contains(data, []byte("syslog")) {
			p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte("500 syslog is the only command here"))
			return true
		}
		p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte(offers))
	case "close":
		p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte("200 OK"))
		p.Out = append(p.Out, serverClosed...)
		p.Closed = true
	default:
		p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte("500 unknown command"))
	}
	return true
}

// Partial reports whether the stream, if it ended now, would end inside a frame.
func (p *Parser) Partial() bool { return len(p.part) > 0 }
