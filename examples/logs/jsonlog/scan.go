package jsonlog

// MaxDepth is how deep an object may be nested.
const MaxDepth = 512

// A scanner reads one JSON text. Its methods return false where that is not JSON.
type scanner struct {
	b  []byte
	at int

	depth  int
	inList [MaxDepth / 64]uint64 // bit i: what is open at depth i is an array
}

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next skips white space and returns the byte behind it; 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.at == len(s.b) {
		return 0
	}
	return s.b[s.at]
}

// take skips white space and c, if that is next.
func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
}

// text reads a string and returns what is between its quotes; plain says that it has
// no escapes.
func (s *scanner) text() (text []byte, plain, ok bool) {
	if !s.take('"') {
		return nil, false, false
	}
	plain = true
	from := s.at
	for s.at < len(s.b) {
		switch c := s.b[s.at]; {
		case c == '"':
			s.at++
			return s.b[from : s.at-1 : s.at-1], plain, true
		case c == '\\':
			plain = false
			if !s.escape() {
				return nil, false, false
			}
		case c < ' ':
			return nil, false, false
		default:
			s.at++
		}
	}
	return nil, false, false
}

// escape reads a backslash and what belongs to it.
func (s *scanner) escape() bool {
	if s.at+1 >= len(s.b) {
		return false
	}
	c := s.b[s.at+1]
	s.at += 2
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		if len(s.b)-s.at < 4 {
			return false
		}
		for range 4 {
			if !isHex(s.b[s.at]) {
				return false
			}
			s.at++
		}
		return true
	}
	return false
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isDigit(c byte) bool { return c-'0' <= 9 }

// digits skips digits and returns how many there were.
func (s *scanner) digits() int {
	from := s.at
	for s.at < len(s.b) && isDigit(s.b[s.at]) {
		s.at++
	}
	return s.at - from
}

// number reads a number.
func (s *scanner) number() bool {
	if s.b[s.at] == '-' {
		s.at++
	}
	zero := s.at < len(s.b) && s.b[s.at] == '0'
	if n := s.digits(); n == 0 || zero && n > 1 {
		return false
	}
	if s.at < len(s.b) && s.b[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return false
		}
	}
	if s.at < len(s.b) && s.b[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.b) && (s.b[s.at] == '+' || s.b[s.at] == '-') {
			s.at++
		}
		return s.digits() > 0
	}
	return true
}

// word reads true, false or null.
func (s *scanner) word(w string) bool {
	if len(s.b)-s.at < len(w) || string(s.b[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// scalar reads a value that is neither an object nor an array.
func (s *scanner) scalar() bool {
	switch c := s.next(); {
	case c == '"':
		_, _, ok := s.text()
		return ok
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return false
}

// open begins an object or an array, within the depth that is allowed.
func (s *scanner) open(list bool) bool {
	if s.depth == MaxDepth {
		return false
	}
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	s.inList[word] &^= bit
	if list {
		s.inList[word] |= bit
	}
	s.depth++
	s.at++
	return true
}

// list reports whether what was opened last is an array.
func (s *scanner) list() bool {
	i := s.depth - 1
	return s.inList[i/64]>>(i%64)&1 != 0
}

// name reads the name of a member, and the colon.
func (s *scanner) name() bool {
	_, _, ok := s.text()
	return ok && s.take(':')
}

// skip reads a value of any kind. The depth is then what it was.
func (s *scanner) skip() bool {
	outside := s.depth
	for {
		c := s.next()
		switch {
		case c == '{' || c == '[':
			if !s.open(c == '[') {
				return false
			}
			if s.take(c + 2) { // the closing one, which ASCII has there
				s.depth--
				break
			}
			if c == '{' && !s.name() {
				return false
			}
			continue
		case !s.scalar():
			return false
		}
		more, ok := s.behind(outside)
		if !ok || !more {
			return ok
		}
	}
}

// behind reads what follows a value: the ends of what it was the last of, and up to
// the next value, if there is more before the depth is that outside.
func (s *scanner) behind(outside int) (more, ok bool) {
	for s.depth > outside {
		if s.take(',') {
			return true, s.list() || s.name()
		}
		end := byte('}')
		if s.list() {
			end = ']'
		}
		if !s.take(end) {
			return false, false
		}
		s.depth--
	}
	return false, true
}
