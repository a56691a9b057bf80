package frame

import (
	"errors"

	"github.com/uringnet/go-uringnet/examples/logs/internal/buffers"
)

// ErrHalfFrame is the end of the stream inside an octet-counted frame.
var ErrHalfFrame = errors.New("stream ends inside a frame")

const (
	// maxDigits bounds an octet count: what is longer begins a line.
	maxDigits = 9
	// minLimit is the lowest limit: what may be a count has to fit.
	minLimit = 16
	// smallSize is up to how many bytes are kept without a buffer.
	smallSize = 32
)

// Splitter cuts a stream into messages, by the rules in the package's
// documentation. It belongs to one goroutine at a time.
type Splitter struct {
	// Oversized counts messages that were longer than the limit.
	Oversized uint64
	// Cut says of the message that emit is given that its rest is missing, More
	// that the next message continues it. They are valid during the call.
	Cut, More bool

	max   int
	part  []byte // what is kept of a message that is not whole
	small [smallSize]byte
	state state

	// States count and mark: the digits, and the space.
	prefix  [maxDigits + 1]byte
	nprefix int

	// State line.
	headed bool // it began with "<"
	over   bool // it is counted in Oversized
	tailed bool // tail comes behind part, and may be the end of the line
	tail   byte // CR or NUL
	ahead  int  // so many of the next bytes given to Feed are known to have no LF

	// States octets and skip.
	need int // what is to be emitted of the message, in bytes
	drop int // what is to be skipped behind that

	pending bool // part is a message that emit has refused, or has to take
	after   state
	spilled bool // rest is kept when part is taken
	rest    byte

	half bool // the stream ended inside a frame, which End has not said yet
}

type state uint8

const (
	start  state = iota // before a frame
	line                // in a line
	count               // in what may be an octet count
	mark                // behind a count that is one only if "<" follows
	octets              // in an octet-counted message
	skip                // in what is dropped of one
)

// NewSplitter returns a Splitter for messages of at most maxLen bytes; less than
// 16 counts as 16.
func NewSplitter(maxLen int) *Splitter { return &Splitter{max: max(maxLen, minLimit)} }

// Feed calls emit for each message that b completes. A message is valid during
// the call only. If emit returns false, Feed stops: used says how many bytes of
// b were consumed, and the refused message comes again with the next Feed, to
// which the rest of b has to be given.
func (s *Splitter) Feed(b []byte, emit func(msg []byte) bool) (used int) {
	if !s.flush(emit) {
		return 0
	}
	s.ahead = 0
	for used < len(b) {
		n, ok := s.step(b[used:], emit)
		used += n
		s.ahead = max(s.ahead-n, 0)
		if !ok {
			break
		}
	}
	return used
}

// step consumes what b has of one frame. ok is false if emit refused.
func (s *Splitter) step(b []byte, emit func([]byte) bool) (n int, ok bool) {
	switch s.state {
	case start:
		return s.begin(b, emit)
	case line:
		return s.line(b, emit)
	case count:
		return s.count(b), true
	case mark:
		s.mark(b[0])
		return 0, true
	case octets:
		return s.octets(b, emit)
	default:
		return s.skip(b), true
	}
}

// begin finds out what a frame is.
func (s *Splitter) begin(b []byte, emit func([]byte) bool) (n int, ok bool) {
	switch c := b[0]; {
	case c-'1' <= 8:
		s.state = count
		return 0, true
	case c == '\n' || c == 0:
		return 1, true
	default:
		s.state = line
		s.headed = c == '<'
		return s.line(b, emit)
	}
}

// keep adds to part.
func (s *Splitter) keep(b []byte) {
	if len(s.part) == 0 && len(b) <= smallSize && cap(s.part) <= smallSize {
		s.part = append(s.small[:0], b...)
		return
	}
	s.part = buffers.Append(s.part, b)
}

// release empties part and gives its buffer back.
func (s *Splitter) release() {
	if cap(s.part) > smallSize {
		buffers.Put(s.part)
	}
	s.part = nil
}

// direct emits a message, or a piece of one, that lies in the bytes given to
// Feed.
func (s *Splitter) direct(msg []byte, cut, more bool, emit func([]byte) bool) bool {
	s.Cut, s.More = cut, more
	ok := emit(msg)
	s.Cut, s.More = false, false
	return ok
}

// emitPart emits part, or keeps it until it is taken; the state is after then.
func (s *Splitter) emitPart(after state, cut, more bool, emit func([]byte) bool) bool {
	s.pending, s.after, s.Cut, s.More = true, after, cut, more
	return s.flush(emit)
}

// flush emits a message that was refused.
func (s *Splitter) flush(emit func([]byte) bool) bool {
	if !s.pending {
		return true
	}
	if !emit(s.part) {
		return false
	}
	s.pending, s.Cut, s.More = false, false, false
	s.release()
	if s.spilled {
		s.spilled = false
		s.keep([]byte{s.rest})
	}
	s.enter(s.after)
	return true
}

// enter changes the state, in which a new frame forgets the last.
func (s *Splitter) enter(to state) {
	s.state = to
	if to == skip && s.drop == 0 {
		s.state = start
	}
	if s.state == start {
		s.nprefix, s.need, s.drop = 0, 0, 0
		s.headed, s.over, s.tailed = false, false, false
	}
}

// Unfinished reports whether a message has begun and not ended.
func (s *Splitter) Unfinished() bool { return s.state != start }

// Held is the size of the buffer that the Splitter has, in bytes.
func (s *Splitter) Held() int {
	if cap(s.part) <= smallSize {
		return 0
	}
	return cap(s.part)
}

// Spill emits what there is of an unfinished message as one that the next
// continues, and gives the buffer back. (One byte stays, so that there is a next.)
// If emit refuses, the message comes again with the next Feed.
func (s *Splitter) Spill(emit func(msg []byte) bool) {
	if s.pending || len(s.part) <= smallSize {
		return
	}
	last := len(s.part) - 1
	s.rest, s.spilled = s.part[last], true
	s.part = s.part[:last]
	if s.state == octets {
		s.need -= last
	}
	s.emitPart(s.state, false, true, emit)
}

// CutOff emits what there is of an unfinished message, marked cut, when no more
// of it is wanted. If emit refuses, it comes again with the next Feed or End.
func (s *Splitter) CutOff(emit func(msg []byte) bool) {
	if s.flush(emit) && s.last() {
		s.Cut = true
		s.flush(emit)
	}
	s.half = false
}

// End is called at the end of the stream. What there is of a last frame is
// emitted: a line without its end, or a part of an octet-counted message, which is
// ErrHalfFrame and marked cut. If emit refuses, End has to be called again.
func (s *Splitter) End(emit func(msg []byte) bool) error {
	if !s.flush(emit) || s.last() && !s.flush(emit) {
		return nil
	}
	half := s.half
	s.half = false
	s.enter(start)
	if half {
		return ErrHalfFrame
	}
	return nil
}

// last makes what there is of a last frame a message. It returns false if there
// is none.
func (s *Splitter) last() bool {
	if s.state == count || s.state == mark {
		s.asLine()
	}
	counted := s.state == octets || s.state == skip
	s.half = s.half || counted // it stays if Feed takes what it is about
	if len(s.part) == 0 {
		s.enter(start)
		return false
	}
	s.pending, s.after, s.Cut, s.More = true, start, counted, false
	return true
}
