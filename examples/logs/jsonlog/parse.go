package jsonlog

// Names are the members that are looked for, by preference. The zero value looks for
// none.
type Names struct {
	Time, Level, Host []string
}

// Default returns the names that loggers commonly use.
func Default() Names {
	return Names{
		Time:  []string{"time", "ts", "timestamp"},
		Level: []string{"level", "severity"},
		Host:  []string{"host", "hostname"},
	}
}

// A Header is what an object says of itself.
type Header struct {
	Time     int64  // Unix nanoseconds; 0: not given
	Severity uint8  // of syslog, 0 to 7; if HasLevel
	HasLevel bool   // a level was given
	Host     []byte // aliases the message, at most maxHost bytes; nil: not given
}

// Found reports whether anything was given.
func (h *Header) Found() bool { return h.Time != 0 || h.HasLevel || h.Host != nil }

// maxHost is the length of the longest host, as in package syslog.
const maxHost = 255

// Parse reads msg. ok is false if that is no JSON object; then h is empty. It
// allocates nothing and may be called concurrently.
func (n *Names) Parse(msg []byte) (h Header, ok bool) {
	s := scanner{b: msg}
	if s.next() != '{' {
		return Header{}, false
	}
	s.open(false)
	best := ranks{len(n.Time), len(n.Level), len(n.Host)}
	if !s.take('}') {
		if !n.members(&s, &h, best) {
			return Header{}, false
		}
	}
	if s.next(); s.at != len(msg) {
		return Header{}, false
	}
	return h, true
}

// ranks are how far ahead in their lists the names are whose values the header has.
// What comes later in a list is not looked at.
type ranks struct{ time, level, host int }

// members reads the object's members and its end.
func (n *Names) members(s *scanner, h *Header, best ranks) bool {
	for {
		name, plain, ok := s.text()
		if !ok || !s.take(':') {
			return false
		}
		s.space()
		from := s.at
		if !s.skip() {
			return false
		}
		if plain {
			n.member(name, s.b[from:s.at:s.at], h, &best)
		}
		if s.take(',') {
			continue
		}
		return s.take('}')
	}
}

// member takes over what a member says, if it is one of those looked for.
func (n *Names) member(name, value []byte, h *Header, best *ranks) {
	if i := find(n.Time, best.time, name); i >= 0 {
		if t, ok := parseTime(value); ok {
			h.Time, best.time = t, i
		}
	}
	if i := find(n.Level, best.level, name); i >= 0 {
		if severity, ok := parseLevel(value); ok {
			h.Severity, h.HasLevel, best.level = severity, true, i
		}
	}
	if i := find(n.Host, best.host, name); i >= 0 {
		if host, ok := parseHost(value); ok {
			h.Host, best.host = host, i
		}
	}
}

// find returns where name stands in a list up to and with index last, or -1.
func find(list []string, last int, name []byte) int {
	for i, s := range list {
		if i > last {
			break
		}
		if s == string(name) {
			return i
		}
	}
	return -1
}

// unquote returns what a string without escapes has between its quotes.
func unquote(value []byte) ([]byte, bool) {
	n := len(value)
	if n < 2 || value[0] != '"' {
		return nil, false
	}
	text := value[1 : n-1 : n-1]
	for _, c := range text {
		if c == '\\' {
			return nil, false
		}
	}
	return text, true
}

// parseHost reads the name of a host.
func parseHost(value []byte) ([]byte, bool) {
	text, ok := unquote(value)
	if !ok || len(text) == 0 || len(text) > maxHost {
		return nil, false
	}
	for _, c := range text {
		if c <= ' ' || c >= 0x7f {
			return nil, false
		}
	}
	return text, true
}
