package syslog

import "time"

const hour = 3600

// zone reads what may say so behind a time: "Z", an offset, or a space and an
// offset of four digits or a name. Without one, b is returned as it is.
func zone(b []byte, now *time.Time) (offset int64, rest []byte, ok bool) {
	if len(b) < 2 {
		if len(b) == 1 && b[0] == 'Z' {
			return 0, b[1:], true
		}
		return 0, b, false
	}
	switch c := b[0]; {
	case c == 'Z':
		return 0, b[1:], true
	case c == '+' || c == '-':
		if offset, n := offsetOf(b); n > 0 {
			return offset, b[n:], true
		}
	case c == ' ' && (b[1] == '+' || b[1] == '-'):
		if offset, n := offsetOf(b[1:]); n >= len("+hhmm") && ends(b[1+n:]) {
			return offset, b[1+n:], true
		}
	case c == ' ' && b[1]-'A' < 26:
		return namedZone(b, now)
	}
	return 0, b, false
}

// maxZone is the length of the longest name of a zone.
const maxZone = 5

// namedZone reads a space and a zone's name. A host may be written like one, and a
// tag: a name that nobody knows is one only in Cisco's "NAME: %", and is taken for
// that of the location.
func namedZone(b []byte, now *time.Time) (offset int64, rest []byte, ok bool) {
	n := 1
	for n < len(b) && n <= maxZone && b[n]-'A' < 26 {
		n++
	}
	name, rest := b[1:n], b[n:]
	if !ends(rest) {
		return 0, b, false
	}
	if offset, ok = zoneNames(name, now); ok {
		return offset, rest, true
	}
	if len(name) > 1 && len(rest) > 2 && rest[0] == ':' && rest[1] == ' ' && rest[2] == '%' {
		return 0, rest, false
	}
	return 0, b, false
}

// ends reports whether what is before b may end there.
func ends(b []byte) bool { return len(b) == 0 || b[0] == ' ' || b[0] == ':' }

// zoneNames returns the offset of a name: of those that package doc speaks of.
// Left out are names with more than one meaning, which are known only where the location
// has them, but for the American ones (RFC 5322, 4.3).
func zoneNames(name []byte, now *time.Time) (offset int64, ok bool) {
	switch string(name) {
	case "UTC", "GMT", "Z":
		return 0, true
	}
	if offset, ok = calendarOf(now).offsetNamed(name); ok {
		return offset, true
	}
	switch string(name) {
	case "EST", "CDT":
		return -5 * hour, true
	case "EDT":
		return -4 * hour, true
	case "CST", "MDT":
		return -6 * hour, true
	case "MST", "PDT":
		return -7 * hour, true
	case "PST", "AKDT":
		return -8 * hour, true
	case "AKST":
		return -9 * hour, true
	case "HST":
		return -10 * hour, true
	case "WET":
		return 0, true
	case "CET", "WEST":
		return 1 * hour, true
	case "CEST", "EET":
		return 2 * hour, true
	case "EEST", "MSK":
		return 3 * hour, true
	case "JST", "KST":
		return 9 * hour, true
	case "AEST":
		return 10 * hour, true
	case "AEDT":
		return 11 * hour, true
	case "NZST":
		return 12 * hour, true
	case "NZDT":
		return 13 * hour, true
	}
	return 0, false
}
