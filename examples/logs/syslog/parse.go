package syslog

import (
	"bytes"
	"time"
)

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

// Header is what a message says about itself. Host aliases the message.
type Header struct {
	Facility, Severity uint8 // 0..23, 0..7
	Time               int64 // Unix nanoseconds; 0: not given
	Host               []byte
	Format             Format
}

// What a message without a priority is given: user.notice (RFC 3164, 4.3.3).
const (
	defaultFacility = 1
	defaultSeverity = 5
	maxPriority     = 23*8 + 7
)

// Parse reads the header of msg. ok is false for a message that is not of
// either form, with what was found; nothing is allocated. RFC 3164 gives neither
// year nor zone: they are taken from now, the year such that the time is not more
// than a day ahead of it.
func Parse(msg []byte, now time.Time) (h Header, ok bool) {
	h.Facility, h.Severity = defaultFacility, defaultSeverity
	pri, rest, ok := priority(msg)
	if !ok {
		return h, false
	}
	h.Facility, h.Severity = uint8(pri/8), uint8(pri%8)
	if len(rest) >= 2 && rest[0] == '1' && rest[1] == ' ' {
		h.Format = RFC5424
		return h, parse5424(&h, rest[2:])
	}
	h.Format = RFC3164
	return h, parse3164(&h, rest, now)
}

// priority reads "<PRI>": one to three digits, without leading zeros.
func priority(msg []byte) (pri int, rest []byte, ok bool) {
	if len(msg) < 3 || msg[0] != '<' {
		return 0, msg, false
	}
	i := 1
	for ; i < len(msg) && i < 5 && isDigit(msg[i]); i++ {
		pri = pri*10 + int(msg[i]-'0')
	}
	digits := i - 1
	if digits == 0 || digits > 3 || i == len(msg) || msg[i] != '>' || pri > maxPriority || digits > 1 && msg[1] == '0' {
		return 0, msg, false
	}
	return pri, msg[i+1:], true
}

// parse5424 reads "TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP
// STRUCTURED-DATA": the first two in full, of the others that they are there.
func parse5424(h *Header, b []byte) bool {
	stamp, b, ok := field(b)
	if !ok {
		return false
	}
	if len(stamp) != 1 || stamp[0] != '-' {
		if h.Time, ok = time3339(stamp); !ok {
			return false
		}
	}
	host, b, ok := field(b)
	if !ok || len(host) > 255 {
		return false
	}
	if len(host) != 1 || host[0] != '-' {
		h.Host = host
	}
	for range 3 { // APP-NAME, PROCID, MSGID
		if _, b, ok = field(b); !ok {
			return false
		}
	}
	return len(b) > 0 && (b[0] == '[' || b[0] == '-' && (len(b) == 1 || b[1] == ' '))
}

// field cuts a field that ends in a space.
func field(b []byte) (f, rest []byte, ok bool) {
	i := bytes.IndexByte(b, ' ')
	if i <= 0 {
		return nil, b, false
	}
	return b[:i], b[i+1:], true
}

// parse3164 reads "Mmm dd hh:mm:ss HOSTNAME SP ...". Many senders put an RFC
// 3339 time in its place.
func parse3164(h *Header, b []byte, now time.Time) bool {
	const stampLen = len("Jan _2 15:04:05")
	if len(b) > 0 && isDigit(b[0]) {
		stamp, rest, ok := field(b)
		if !ok {
			return false
		}
		if h.Time, ok = time3339(stamp); !ok {
			return false
		}
		return hostOf(h, rest)
	}
	if len(b) <= stampLen || b[stampLen] != ' ' {
		return false
	}
	var ok bool
	if h.Time, ok = timeBSD(b[:stampLen], now); !ok {
		return false
	}
	return hostOf(h, b[stampLen+1:])
}

// hostOf reads the host, unless what is there is the tag of a local message
// ("su: ...", "su[1]: ...").
func hostOf(h *Header, b []byte) bool {
	host, _, ok := field(b)
	if !ok {
		return len(b) > 0
	}
	if host[len(host)-1] != ':' && host[len(host)-1] != ']' {
		h.Host = host
	}
	return true
}

func isDigit(c byte) bool { return c-'0' <= 9 }
