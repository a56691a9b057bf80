package frame

import (
	"bytes"
	"regexp"
	"strconv"
)

// counted is how an octet-counted frame begins.
var counted = regexp.MustCompile(`^[1-9][0-9]{0,8} <`)

// reference splits a stream that comes in the given pieces, byte by byte and with
// all of it at hand.
func reference(pieces [][]byte, limit int) (r result) {
	stream := bytes.Join(pieces, nil)
	pieceEnd := map[int]bool{}
	at := 0
	for _, p := range pieces {
		at += len(p)
		pieceEnd[at] = true
	}
	for at = 0; at < len(stream); {
		rest := stream[at:]
		if rest[0] == '\n' || rest[0] == 0 {
			at++
			continue
		}
		if count := counted.Find(rest); count != nil {
			n, _ := strconv.Atoi(string(count[:len(count)-2]))
			msg := rest[len(count)-1:]
			if len(msg) < n {
				r.err = ErrHalfFrame
			}
			kept := msg[:min(len(msg), n, limit)]
			r.add(kept, len(kept) < n, false)
			if n > limit {
				r.oversized++
			}
			at += len(count) - 1 + min(len(msg), n)
			continue
		}
		msg, n := referenceLine(rest, func(i int) bool { return pieceEnd[at+i] })
		at += n
		if len(msg) > limit {
			r.oversized++
		}
		for ; len(msg) > limit; msg = msg[limit:] {
			r.add(msg[:limit], false, true)
		}
		if len(msg) > 0 {
			r.add(msg, false, false)
		}
	}
	return r
}

// referenceLine returns the line at the beginning of b, and the length of it with
// its end.
func referenceLine(b []byte, pieceEnd func(i int) bool) (msg []byte, n int) {
	for i, c := range b {
		if c == '\n' {
			return trimLast(b[:i]), i + 1
		}
		if c == 0 && i+1 < len(b) && (b[i+1] == '<' || b[0] == '<' && pieceEnd(i+1)) {
			return b[:i], i + 1
		}
	}
	return trimLast(b), len(b)
}

func trimLast(b []byte) []byte {
	if n := len(b); n > 0 && (b[n-1] == '\r' || b[n-1] == 0) {
		return b[:n-1]
	}
	return b
}
