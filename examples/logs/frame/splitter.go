package frame

import (
	"bytes"
	"errors"
	"fmt"
)

// Errors that end a connection.
var (
	// ErrFrame is an octet count above the limit.
	ErrFrame = errors.New("bad frame")
	// ErrHalfFrame is the end of the stream inside an octet-counted frame.
	ErrHalfFrame = errors.New("stream ends inside a frame")
)

// maxDigits bounds an octet count: what is longer begins a line.
const maxDigits = 10

// Splitter cuts a stream into messages. Each frame is detected anew: "LEN SP", of
// which LEN begins with a digit from 1 to 9, begins an octet-counted one, anything
// else a line that ends in LF. A CR before the LF is dropped, empty lines are
// skipped, NULs are kept. A Splitter belongs to one goroutine at a time.
//
// Lines may begin with a number, too: "2026-01-01 ..." does not look like a count,
// "42 is the answer" does. Once a stream has had a line, a count is one only if it
// is within the limit and "<", with which syslog messages begin, follows; all else
// is a line. Before that nothing tells the two apart: a number and a space are a
// count, and one above the limit is an error, for who counts cannot be followed
// any further.
type Splitter struct {
	// Oversized counts lines that were longer than the limit and were cut.
	Oversized uint64

	max     int
	part    []byte // a frame that is not whole, without its count
	state   state
	need    int                 // state octets: the frame's length
	prefix  [maxDigits + 1]byte // states count and mark: the digits, and the space
	n       int                 // how much of prefix there is
	lined   bool                // there was a line that ended in LF and was not empty
	pending bool                // part is a message that emit has refused, or has to take
	half    bool                // the stream ended inside a frame, which End has not said yet
	err     error
}

type state uint8

const (
	start  state = iota // before a frame
	line                // in a line
	skip                // in what is dropped of a line that is too long
	count               // in what may be an octet count
	mark                // behind a count that is one only if "<" follows
	octets              // in an octet-counted message
)

// NewSplitter returns a Splitter for messages of at most maxLen bytes.
func NewSplitter(maxLen int) *Splitter { return &Splitter{max: max(maxLen, 1)} }

// Feed calls emit for each message that b completes. A message is valid during
// the call only. If emit returns false, Feed stops: used says how many bytes of
// b were consumed, and the refused message comes again with the next Feed, to
// which the rest of b has to be given. After an error the stream cannot be read
// any further.
func (s *Splitter) Feed(b []byte, emit func(msg []byte) bool) (used int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	if !s.flush(emit) {
		return 0, nil
	}
	for used < len(b) {
		n, ok := s.step(b[used:], emit)
		used += n
		if s.err != nil {
			return used, s.err
		}
		if !ok {
			return used, nil
		}
	}
	return used, nil
}

// flush emits a message that was refused.
func (s *Splitter) flush(emit func([]byte) bool) bool {
	if !s.pending {
		return true
	}
	if !emit(s.part) {
		return false
	}
	s.reset()
	return true
}

func (s *Splitter) reset() {
	s.part, s.state, s.pending, s.need, s.n = s.part[:0], start, false, 0, 0
}

// step consumes what b has of one frame. ok is false if emit refused.
func (s *Splitter) step(b []byte, emit func([]byte) bool) (n int, ok bool) {
	switch s.state {
	case start:
		if b[0]-'1' <= 8 {
			s.state = count
			return 0, true
		}
		s.state = line
		return s.line(b, emit)
	case line:
		return s.line(b, emit)
	case skip:
		return s.skipLine(b, emit)
	case count:
		return s.count(b), true
	case mark:
		s.mark(b[0])
		return 0, true
	default:
		return s.octets(b, emit)
	}
}

// line consumes a line, or what there is of it.
func (s *Splitter) line(b []byte, emit func([]byte) bool) (n int, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return s.keepLine(b), true
	}
	if len(s.part) > 0 {
		return s.endPart(b[:i], emit)
	}
	msg := trimCR(b[:i])
	if len(msg) > s.max {
		s.Oversized++
		msg = msg[:s.max]
		if !emit(msg) {
			s.Oversized-- // it comes again
			return 0, s.refuse()
		}
	} else if len(msg) > 0 && !emit(msg) {
		return 0, s.refuse()
	}
	s.state = start
	s.lined = s.lined || len(msg) > 0
	return i + 1, true
}

// refuse leaves a line that lies whole in b to the next Feed.
func (s *Splitter) refuse() bool {
	s.state = start
	return false
}

// keepLine keeps the beginning of a line: one byte more than the limit, which
// may be a CR.
func (s *Splitter) keepLine(b []byte) int {
	room := s.max + 1 - len(s.part)
	if len(b) > room {
		s.part = append(s.part, b[:room]...)
		s.state = skip
		return room
	}
	s.part = append(s.part, b...)
	return len(b)
}

// endPart completes a line that was begun before. Its LF comes after b.
func (s *Splitter) endPart(b []byte, emit func([]byte) bool) (n int, ok bool) {
	if len(s.part)+len(b) > s.max+1 {
		return s.keepLine(b), true
	}
	s.part = trimCR(append(s.part, b...))
	s.cut()
	s.lined = s.lined || len(s.part) > 0
	return len(b) + 1, s.emitPart(emit)
}

// cut shortens part to the limit.
func (s *Splitter) cut() {
	if len(s.part) > s.max {
		s.part = s.part[:s.max]
		s.Oversized++
	}
}

// emitPart emits part, or keeps it until it is taken.
func (s *Splitter) emitPart(emit func([]byte) bool) bool {
	if len(s.part) > 0 {
		s.pending = true
	} else {
		s.reset()
	}
	return s.flush(emit)
}

// skipLine drops the rest of a line that is too long.
func (s *Splitter) skipLine(b []byte, emit func([]byte) bool) (n int, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return len(b), true
	}
	s.cut()
	s.lined = true
	return i + 1, s.emitPart(emit)
}

// count reads what may be an octet count.
func (s *Splitter) count(b []byte) (n int) {
	for ; n < len(b); n++ {
		c := b[n]
		switch {
		case c-'0' <= 9 && s.n < maxDigits:
			s.prefix[s.n] = c
			s.n++
		case c == ' ':
			s.counted()
			return n + 1
		default:
			s.asLine()
			return n
		}
	}
	return n
}

// counted is behind a number and a space: it finds out what that means.
func (s *Splitter) counted() {
	length := uint64(0)
	for _, c := range s.prefix[:s.n] {
		length = length*10 + uint64(c-'0')
	}
	s.prefix[s.n] = ' '
	s.n++
	switch {
	case length <= uint64(s.max):
		s.need = int(length)
		s.state = octets
		if s.lined {
			s.state = mark
		}
	case s.lined:
		s.asLine()
	default:
		s.err = fmt.Errorf("%w: octet count %d, the limit is %d", ErrFrame, length, s.max)
	}
}

// mark decides about a count by the byte behind it.
func (s *Splitter) mark(c byte) {
	s.state = octets
	if c != '<' {
		s.asLine()
	}
}

// asLine makes what was read as a count the beginning of a line.
func (s *Splitter) asLine() {
	s.state = line
	s.keepLine(s.prefix[:s.n])
}

// octets consumes an octet-counted message, or what there is of it.
func (s *Splitter) octets(b []byte, emit func([]byte) bool) (n int, ok bool) {
	if len(s.part) == 0 && len(b) >= s.need {
		if !emit(b[:s.need]) {
			return 0, false // the count is consumed, the message is not
		}
		n = s.need
		s.reset()
		return n, true
	}
	n = min(s.need-len(s.part), len(b))
	s.part = append(s.part, b[:n]...)
	if len(s.part) < s.need {
		return n, true
	}
	return n, s.emitPart(emit)
}

// End is called at the end of the stream. What there is of a last frame is
// emitted: a line without its LF, or a part of an octet-counted message, which is
// ErrHalfFrame. If emit refuses, End has to be called again.
func (s *Splitter) End(emit func(msg []byte) bool) error {
	if s.err != nil {
		return s.err
	}
	if !s.pending && !s.last() {
		return s.ended()
	}
	if !emit(s.part) {
		return nil
	}
	return s.ended()
}

// ended says once how the stream has ended.
func (s *Splitter) ended() error {
	half := s.half
	s.half = false
	s.reset()
	if half {
		return ErrHalfFrame
	}
	return nil
}

// last makes what there is of a last frame a message, once: a refused one comes
// again as it is. It returns false if there is none.
func (s *Splitter) last() bool {
	if s.lined && (s.state == count || s.state == mark) {
		s.asLine()
	}
	// It stays if what it is about has been taken by Feed meanwhile.
	s.half = s.half || s.state == count || s.state == octets
	switch s.state {
	case line:
		s.part = trimCR(s.part)
		s.cut()
	case skip:
		s.cut()
	}
	s.pending = len(s.part) > 0
	return s.pending
}

func trimCR(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}
