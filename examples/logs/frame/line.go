package frame

import "bytes"

// line consumes a line, or what there is of it.
func (s *Splitter) line(b []byte, emit func([]byte) bool) (n int, ok bool) {
	if s.tailed {
		if n, ended := s.endsAtTail(b[0]); ended {
			return n, s.endLine(emit)
		}
		if len(s.part) == s.max && !s.fullPiece(emit) {
			return 0, false
		}
		s.keep([]byte{s.tail})
		s.tailed = false
	}
	size, n, ended := s.find(b)
	if room := s.max - len(s.part); size > room {
		return s.piece(b, room, emit)
	}
	if ended && len(s.part) == 0 {
		if size > 0 && !s.direct(b[:size], false, false, emit) {
			return 0, false
		}
		s.enter(start)
		return n, true
	}
	s.keep(b[:size])
	if ended {
		return n, s.endLine(emit)
	}
	if s.tailed = size < n; s.tailed {
		s.tail = b[size]
	}
	return n, true
}

// endsAtTail reports whether tail, or c behind it, ends the line, and how much of
// c belongs to that end.
func (s *Splitter) endsAtTail(c byte) (n int, ended bool) {
	switch {
	case c == '\n':
		return 1, true
	case c == '<' && s.tail == 0:
		return 0, true
	}
	return 0, false
}

// endLine emits part, the last of a line.
func (s *Splitter) endLine(emit func([]byte) bool) bool {
	if len(s.part) == 0 {
		s.enter(start)
		return true
	}
	return s.emitPart(start, false, false, emit)
}

// piece emits a piece of the limit's length of a line that goes on, for which
// part lacks room bytes.
func (s *Splitter) piece(b []byte, room int, emit func([]byte) bool) (n int, ok bool) {
	if room == s.max {
		if !s.direct(b[:room], false, true, emit) {
			return 0, false
		}
		s.countLine()
		return room, true
	}
	s.keep(b[:room])
	return room, s.fullPiece(emit)
}

// fullPiece emits part, behind which the line goes on.
func (s *Splitter) fullPiece(emit func([]byte) bool) bool {
	s.countLine()
	return s.emitPart(line, false, true, emit)
}

// countLine counts a line that is too long, once.
func (s *Splitter) countLine() {
	if !s.over {
		s.over = true
		s.Oversized++
	}
}

// find looks for the end of the line in b: size bytes belong to the line, n with
// what ends it. If there is no end n is all of b, and a last byte which may yet
// turn out to be the end's is not in size.
func (s *Splitter) find(b []byte) (size, n int, ended bool) {
	lf := s.findLF(b)
	if at := s.findNUL(b, lf); at >= 0 {
		return at, at + 1, true
	}
	size, n = lf, lf
	if ended = lf < len(b); ended {
		n++
	}
	if size > 0 && (b[size-1] == '\r' || b[size-1] == 0) {
		size--
	}
	return size, n, ended
}

// findLF returns where b's first LF is, or the length of b. What was looked at is
// not looked at again: a chunk of messages that end in NUL may have none.
func (s *Splitter) findLF(b []byte) int {
	from := min(s.ahead, len(b))
	if i := bytes.IndexByte(b[from:], '\n'); i >= 0 {
		s.ahead = from + i
	} else {
		s.ahead = len(b)
	}
	return s.ahead
}

// findNUL returns where b's first NUL is that ends the line, whose LF is at lf;
// -1 if there is none.
func (s *Splitter) findNUL(b []byte, lf int) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:lf], 0)
		if i < 0 {
			return -1
		}
		at += i
		if at+1 == len(b) {
			if s.headed {
				return at
			}
			return -1 // the next byte will tell
		}
		if b[at+1] == '<' {
			return at
		}
	}
}
