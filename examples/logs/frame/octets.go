package frame

// count reads what may be an octet count.
func (s *Splitter) count(b []byte) (n int) {
	for ; n < len(b); n++ {
		c := b[n]
		switch {
		case c-'0' <= 9 && s.nprefix < maxDigits:
			s.prefix[s.nprefix] = c
			s.nprefix++
		case c == ' ':
			s.prefix[s.nprefix] = ' '
			s.nprefix++
			s.state = mark
			return n + 1
		default:
			s.asLine()
			return n
		}
	}
	return n
}

// mark decides about a count by the byte behind it.
func (s *Splitter) mark(c byte) {
	if c != '<' {
		s.asLine()
		return
	}
	length := 0
	for _, c := range s.prefix[:s.nprefix-1] {
		length = length*10 + int(c-'0')
	}
	s.need = min(length, s.max)
	s.drop = length - s.need
	if s.drop > 0 {
		s.Oversized++
	}
	s.state = octets
}

// asLine makes what was read as a count the beginning of a line.
func (s *Splitter) asLine() {
	s.state = line
	s.keep(s.prefix[:s.nprefix])
	s.nprefix = 0
}

// octets consumes an octet-counted message, or what there is of it.
func (s *Splitter) octets(b []byte, emit func([]byte) bool) (n int, ok bool) {
	if len(s.part) == 0 && len(b) >= s.need {
		if !s.direct(b[:s.need], s.drop > 0, false, emit) {
			return 0, false // the count is consumed, the message is not
		}
		n = s.need
		s.enter(skip)
		return n, true
	}
	n = min(s.need-len(s.part), len(b))
	s.keep(b[:n])
	if len(s.part) < s.need {
		return n, true
	}
	return n, s.emitPart(skip, s.drop > 0, false, emit)
}

// skip drops what is behind the limit of an octet-counted message.
func (s *Splitter) skip(b []byte) (n int) {
	n = min(s.drop, len(b))
	s.drop -= n
	s.enter(skip)
	return n
}
