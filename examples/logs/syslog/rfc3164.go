package syslog

import (
	"bytes"
	"time"
)

// parse3164 reads what follows the priority up to where the text begins.
func parse3164(h *Header, b []byte, now *time.Time) bool {
	if t, rest, ok := plain(b, now); ok {
		h.Time = t
		h.Host, rest = host(rest)
		tag(h, rest)
		return true
	}
	b = trimSpaces(b)
	ns, rest, colon, ok := stamp(b, now)
	if !ok {
		if h.Host, b = prefixes(b); b == nil {
			return false
		}
		if ns, rest, colon, ok = stamp(b, now); !ok {
			h.Host = nil
			return false
		}
	}
	h.Time = ns
	if rest = trimSpaces(rest); len(rest) == 0 {
		return false
	}
	if h.Host == nil && !colon {
		h.Host, rest = host(rest)
	}
	tag(h, rest)
	return true
}

// maxPrefixes is how many there can be: a count of messages, an origin, a
// sequence number.
const maxPrefixes = 3

// prefixes cuts what Cisco devices put before the time: numbers and an origin,
// each with a colon; nil if there is none.
func prefixes(b []byte) (origin, rest []byte) {
	for n := range maxPrefixes {
		if after := number(b); after != nil {
			b = trimSpaces(after)
			continue
		}
		i := bytes.IndexByte(b[:min(len(b), maxHost+2)], ' ')
		if origin == nil && i > 1 && b[i-1] == ':' {
			if o, left := host(b[: i-1 : i-1]); o != nil && len(left) == 0 {
				origin, b = o, trimSpaces(b[i:])
				continue
			}
		}
		if n == 0 {
			return nil, nil
		}
		break
	}
	return origin, b
}

// number cuts a number of up to ten digits, or none, and its colon; nil if b does
// not begin so, or as an IPv6 address may.
func number(b []byte) (rest []byte) {
	i := digits(b, 11)
	if i > 10 || len(b) < i+4 || b[i] != ':' {
		return nil
	}
	if rest = b[i+1:]; rest[0] == ' ' || rest[0] == '*' || rest[0] == '.' || monthOf(rest) != 0 {
		return rest
	}
	return nil
}

// host cuts a host and the spaces behind it. What is not written like one is left to
// be the tag of a local message ("su: ...", "su[1]: ...").
func host(b []byte) (host, rest []byte) {
	i := 0
	for i < len(b) && i <= maxHost && class[b[i]]&inHost != 0 {
		i++
	}
	if i < len(b) && b[i] != ' ' {
		i = address(b)
	}
	if i == 0 || i > maxHost {
		return nil, b
	}
	return b[:i:i], trimSpaces(b[i:])
}

// maxAddress is more than the length of an IPv6 address with a zone in brackets.
const maxAddress = 64

// address is the length of an IPv6 address, or of an address in brackets, that b
// begins with; 0 if it does not.
func address(b []byte) int {
	n := bytes.IndexByte(b[:min(len(b), maxAddress)], ' ')
	if n < 0 {
		if len(b) >= maxAddress {
			return 0
		}
		n = len(b)
	}
	a := b[:n]
	brackets := n > 2 && a[0] == '[' && a[n-1] == ']'
	if brackets {
		a = a[1 : n-1]
	}
	a, scope, _ := bytes.Cut(a, []byte("%")) // fe80::1%eth0
	for _, c := range scope {
		if class[c]&inHost == 0 {
			return 0
		}
	}
	colons, points := 0, 0
	for _, c := range a {
		switch {
		case c == ':':
			colons++
		case c == '.':
			points++
		case !isDigit(c) && (c|0x20)-'a' >= 6:
			return 0
		}
	}
	if (colons >= 2 && a[len(a)-1] != ':') || (brackets && colons == 0 && points == 3) {
		return n
	}
	return 0
}

// tag reads "tag:", "tag[pid]:" and the like. A word behind which neither stands
// is text, and so is a number.
func tag(h *Header, b []byte) {
	if len(b) > 1 && b[0] == ':' && b[1] == ' ' { // Cisco ASA: "host : %ASA-..."
		b = b[2:]
	}
	n := 0
	for n < len(b) && n <= maxApp && class[b[n]]&inTag != 0 {
		n++
	}
	if n == 0 || n > maxApp || n == len(b) || isDigit(b[0]) && digits(b, n) == n {
		return
	}
	switch b[n] {
	case ':':
		if n+1 == len(b) || b[n+1] != '/' { // a URL is none
			h.App = b[:n:n]
		}
	case '[':
		if p, ok := pid(b[n+1:]); ok {
			h.App, h.ProcID = b[:n:n], p
		}
	}
}

// pid cuts what is before "]:", "] " or a "]" at the end; not ok if b does not
// begin so.
func pid(b []byte) (pid []byte, ok bool) {
	for i, c := range b {
		if c == ']' && ends(b[i+1:]) {
			if i > 0 {
				pid = b[:i:i]
			}
			return pid, true
		}
		if c-'!' > '~'-'!' || i == maxProcID {
			break
		}
	}
	return nil, false
}
