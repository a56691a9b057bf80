package relp

import (
	"fmt"

	"github.com/uringnet/go-uringnet/examples/logs/internal/buffers"
)

const (
	// keepOther is how much is kept of the data of frames that are no messages.
	keepOther = 4 << 10
	// minSpill is from how many bytes on Spill takes a message's beginning.
	minSpill = 32
)

// Parser is the receiver's side of a session. It belongs to one goroutine at a
// time.
//
// A message that is longer than the limit is cut to it; the rest of its frame is
// skipped, and it is acknowledged as any other: refused it would come again for
// ever. What has not come whole is kept in a buffer that is given back as soon as
// there is nothing to keep; Spill takes it away in the middle of a message.
type Parser struct {
	// Out is what the Parser has to say by itself: the responses to open and
	// close, and errors. The caller sends it and empties it.
	Out []byte
	// Closed is set by the sender's close. The caller acknowledges what it has
	// taken, sends Out and closes the connection.
	Closed bool
	// Oversized counts messages that were longer than the limit.
	Oversized uint64
	// Cut says of the message that emit is given that its rest is missing, More
	// that the next message, which has the same number, continues it: it must not
	// be acknowledged. They are valid during the call.
	Cut, More bool

	max  int
	last uint32 // the last transaction number; 0: none yet
	err  error

	// Of a frame that is not whole:
	state state
	head  [maxHeader + 1]byte
	nhead int
	h     header  // its command lies in head
	part  []byte  // what is kept of the data
	one   [1]byte // part, when Spill has left that much
	need  int     // how long part becomes, in bytes
	drop  int     // what is to be skipped behind that
	spill bool    // part but for its last byte is to be emitted first
}

type state uint8

const (
	start    state = iota // before a frame
	inHead                // in its header
	inData                // in what is kept of its data
	inRest                // in what is not
	atEnd                 // before its LF
	complete              // behind that; emit has refused the message
)

// NewParser returns a Parser for messages of at most maxLen bytes.
func NewParser(maxLen int) *Parser { return &Parser{max: max(maxLen, 1)} }

// Feed calls emit for each message ("syslog" frame) that b completes. A message
// is valid during the call only. If emit returns false, Feed stops: used says
// how many bytes of b were consumed, and the refused message comes again with
// the next Feed, to which the rest of b has to be given. After an error nothing
// more can be read.
func (p *Parser) Feed(b []byte, emit func(txnr uint32, msg []byte) bool) (used int, err error) {
	if p.err == nil && !p.flush(emit) {
		return 0, nil
	}
	for p.err == nil && !p.Closed && used < len(b) {
		var n int
		ok := true
		if p.state == start {
			n, ok = p.direct(b[used:], emit)
		} else {
			n, ok = p.step(b[used:], emit)
		}
		used += n
		if !ok {
			return used, nil
		}
	}
	if p.Closed {
		used = len(b) // nothing may follow a close
	}
	return used, p.err
}

// direct handles the frame at the start of b. If it is not whole, n is 0 and the
// state another. ok is false if emit has refused it.
func (p *Parser) direct(b []byte, emit func(uint32, []byte) bool) (n int, ok bool) {
	h, all, err := parseHeader(b)
	if err != nil {
		p.err = err
		return 0, true
	}
	end := h.size + h.length
	if !all || len(b) <= end {
		p.state, p.nhead = inHead, 0
		return 0, true
	}
	if p.err = p.check(&h, b[end]); p.err != nil {
		return 0, true
	}
	kept := p.kept(&h)
	if !p.handle(&h, b[h.size:h.size+kept], kept < h.length, emit) {
		return 0, false
	}
	return end + 1, true
}

// check looks for what makes a frame a bad one, the byte behind its data too.
func (p *Parser) check(h *header, end byte) error {
	if h.txnr == 0 || p.last != 0 && h.txnr != next(p.last) {
		return fmt.Errorf("%w: %d after %d", ErrTxnr, h.txnr, p.last)
	}
	if end != '\n' {
		return fmt.Errorf("%w: %q where its LF should be", ErrFrame, end)
	}
	return nil
}

// kept is how much of a frame's data is of interest.
func (p *Parser) kept(h *header) int {
	switch string(h.command) {
	case "syslog":
		return min(h.length, p.max)
	case "open":
		return min(h.length, keepOther)
	}
	return 0
}

// step consumes what b has of a frame that is not whole.
func (p *Parser) step(b []byte, emit func(uint32, []byte) bool) (n int, ok bool) {
	switch p.state {
	case inHead:
		return p.header(b), true
	case inData:
		n = min(p.need-len(p.part), len(b))
		p.part = buffers.Append(p.part, b[:n])
	case inRest:
		n = min(p.drop, len(b))
		p.drop -= n
	default:
		if p.err = p.check(&p.h, b[0]); p.err != nil {
			return 0, true
		}
		p.state = complete
		return 1, p.flush(emit)
	}
	p.advance()
	return n, true
}

// header reads a header.
func (p *Parser) header(b []byte) (n int) {
	had := p.nhead
	p.nhead += copy(p.head[had:], b)
	h, all, err := parseHeader(p.head[:p.nhead])
	switch {
	case err != nil:
		p.err = err
	case all:
		p.err = p.check(&h, '\n') // of which nothing is known yet
		p.h, p.need = h, p.kept(&h)
		p.drop = h.length - p.need
		p.advance()
		return h.size - had
	case p.nhead == len(p.head):
		p.err = fmt.Errorf("%w: no header in %d bytes", ErrFrame, p.nhead)
	}
	return p.nhead - had
}

// advance enters the state of what comes next.
func (p *Parser) advance() {
	switch {
	case len(p.part) < p.need:
		p.state = inData
	case p.drop > 0:
		p.state = inRest
	default:
		p.state = atEnd
	}
}

// flush handles what emit has refused, or has to take.
func (p *Parser) flush(emit func(uint32, []byte) bool) bool {
	if p.spill && !p.spillPart(emit) {
		return false
	}
	if p.state != complete {
		return true
	}
	if !p.handle(&p.h, p.part, p.h.length > p.max, emit) {
		return false
	}
	p.release()
	p.state = start
	return true
}

// release gives part's buffer back.
func (p *Parser) release() {
	buffers.Put(p.part)
	p.part = nil
}

// offers is what the receiver can do, in the response to open.
const offers = "200 OK\nrelp_version=0\nrelp_software=uringnet-logserver\ncommands=syslog"

// Unfinished reports whether a frame has begun and not ended.
func (p *Parser) Unfinished() bool { return p.state != start }

// Held is the size of the buffer that the Parser has, in bytes.
func (p *Parser) Held() int {
	if cap(p.part) == len(p.one) {
		return 0
	}
	return cap(p.part)
}
