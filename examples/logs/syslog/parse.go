package syslog

import "time"

// Format is the form of a message's header.
type Format uint8

// The forms.
const (
	Unknown Format = iota
	RFC5424
	RFC3164
)

var formatNames = [...]string{"unknown", "rfc5424", "rfc3164"}

// String returns the format's name.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return formatNames[Unknown]
}

// Header is what a message says about itself. Host, App and ProcID alias the
// message; nil means not given. They are printable ASCII, but that the host of RFC
// 3164 may have bytes of 0x80 and above.
type Header struct {
	Facility, Severity uint8 // 0..23, 0..7
	Format             Format
	Time               int64  // Unix nanoseconds; 0: not given
	Host               []byte // at most 255 bytes
	App                []byte // APP-NAME, or the tag of RFC 3164 without "[pid]:"
	ProcID             []byte // PROCID, or the pid of the tag
}

// What a message without a priority is given: user.notice (RFC 3164, 4.3.3).
const (
	defaultFacility = 1
	defaultSeverity = 5
	maxPriority     = 23*8 + 7
)

// Limits of names. Those of RFC 5424 hold for RFC 3164 too, which has few of
// its own.
const (
	maxHost   = 255
	maxApp    = 48
	maxProcID = 128
	maxMsgID  = 32
)

// Parse reads the header of msg, which was received at now. ok is false for a
// message that is malformed, with what was found up to there. The package doc says
// what is accepted, and what is taken from now and its location. Parse may be
// called concurrently. It allocates nothing but, once a year and when the location
// of now changes, a table of the location's offsets.
func Parse(msg []byte, now time.Time) (h Header, ok bool) {
	h.Facility, h.Severity = defaultFacility, defaultSeverity
	pri, rest, ok := priority(msg)
	if !ok {
		return h, false
	}
	h.Facility, h.Severity = uint8(pri/8), uint8(pri%8)
	if len(rest) >= 2 && rest[0] == '1' && rest[1] == ' ' {
		h.Format = RFC5424
		zeros := msg[1] == '0' && msg[2] != '>'
		return h, parse5424(&h, rest[2:]) && !zeros
	}
	if otherVersion(rest) {
		h.Format = RFC5424
		return h, false
	}
	h.Format = RFC3164
	return h, parse3164(&h, rest, &now)
}

// priority reads "<PRI>": one to three digits.
func priority(msg []byte) (pri int, rest []byte, ok bool) {
	if len(msg) < 3 || msg[0] != '<' {
		return 0, msg, false
	}
	i := 1
	for ; i < len(msg) && i < 5 && isDigit(msg[i]); i++ {
		pri = pri*10 + int(msg[i]-'0')
	}
	digits := i - 1
	if digits == 0 || digits > 3 || i == len(msg) || msg[i] != '>' || pri > maxPriority {
		return 0, msg, false
	}
	return pri, msg[i+1:], true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// digits is how many digits b begins with; limit is where counting ends.
func digits(b []byte, limit int) int {
	n := 0
	for n < len(b) && n < limit && isDigit(b[n]) {
		n++
	}
	return n
}

// trimSpaces cuts the spaces that b begins with.
func trimSpaces(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}
