package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// batch is the lines that one read has completed, all of one file.
type batch struct {
	track *track // nil: not of a file
	lines []line
}

// line is a message to ship.
type line struct {
	msg []byte
	// end is where the rest of the file begins when this is shipped.
	end int64
	// raw is how many bytes at the end of msg are the file's; trail is how many
	// of the file are between these and end: those of CR and LF.
	raw, trail int
}

// lines cuts what is read into lines and makes messages of them. It keeps no more
// of a line than one message holds: a line that is longer is passed on in pieces
// while it is read, and one that never ends, too.
type lines struct {
	max    int
	format string
	host   string
	tag    string
	p      *progress
	now    func() time.Time

	start int64 // of what is not passed on, in the file
	nuls  int64 // from start on: they are skipped if something follows
	part  []byte
	stamp string // the header of the lines of one feed; "": not made yet
	cont  bool   // part continues a line of which there were pieces
	bare  bool   // these pieces have no header
}

// newLines makes the lines of a file; path is "" for the standard input.
func newLines(cfg *config, path string, p *progress) *lines {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	tag := cfg.tag
	switch {
	case tag != "":
	case path != "":
		tag = filepath.Base(path)
	default:
		tag = "logship"
	}
	return &lines{
		max: cfg.maxLine, format: cfg.format, host: printable(host, 255), tag: printable(tag, 48),
		p: p, now: time.Now,
	}
}

// printable makes a field of a header: no spaces, nothing but ASCII, not empty.
func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

// seek goes on at another offset, of another file perhaps, without what there is
// of a line.
func (l *lines) seek(offset int64) {
	l.part, l.start, l.nuls, l.cont = l.part[:0], offset, 0, false
}

// offset is up to where the file has been read.
func (l *lines) offset() int64 { return l.start + l.nuls + int64(len(l.part)) }

// inNULs reports whether all that was read of the present line is NULs.
func (l *lines) inNULs() bool { return l.nuls > 0 && len(l.part) == 0 }

// feed returns the messages that b completes. They have their own memory.
func (l *lines) feed(b []byte) (out []line) {
	l.stamp = ""
	for {
		b = l.skipNULs(b)
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		whole := b[:i]
		if len(l.part) > 0 {
			l.part = append(l.part, whole...)
			whole = l.part
		}
		out = l.end(out, whole, 1)
		b = b[i+1:]
	}
	l.part = append(l.part, b...)
	// A CR that LF may follow is not the line's: it may be one byte too long.
	out, rest := l.pieces(out, l.part, 1)
	if len(rest) < len(l.part) {
		l.part = append(l.part[:0], rest...)
	}
	return out
}

// skipNULs takes NULs off the front of a line: a hole in the file, which is what
// a program that does not append leaves when its file is truncated.
func (l *lines) skipNULs(b []byte) []byte {
	if len(l.part) > 0 || l.cont {
		return b
	}
	n := 0
	for n < len(b) && b[n] == 0 {
		n++
	}
	l.nuls += int64(n)
	if n < len(b) {
		l.start, l.nuls = l.start+l.nuls, 0
	}
	return b[n:]
}

// last returns what there is of a line that will not be completed.
func (l *lines) last() (out []line) {
	l.stamp = ""
	if len(l.part) == 0 {
		return nil
	}
	return l.end(nil, l.part, 0)
}

// end appends the messages of a line that is whole; lf is the length of its end.
func (l *lines) end(out []line, whole []byte, lf int) []line {
	b := bytes.TrimSuffix(whole, []byte("\r"))
	trail := lf + len(whole) - len(b)
	out, b = l.pieces(out, b, 0)
	end := l.start + int64(len(b)+trail)
	if len(b) > 0 {
		out = append(out, message(l.header(b), b, end, trail))
	}
	l.seek(end)
	return out
}

// pieces appends messages of the front of b while b is longer than one message
// holds, by more than spare. It returns the rest.
func (l *lines) pieces(out []line, b []byte, spare int) (_ []line, rest []byte) {
	for len(b) > l.max-maxHeader {
		header := l.header(b)
		room := l.max - len(header)
		if len(b) <= room+spare {
			break
		}
		if !l.cont {
			l.cont, l.bare = true, header == ""
			l.p.cut.Add(1)
		}
		l.start += int64(room)
		out = append(out, message(header, b[:room], l.start, 0))
		b = b[room:]
	}
	return out, b
}

func message(header string, b []byte, end int64, trail int) line {
	msg := append(append(make([]byte, 0, len(header)+len(b)), header...), b...)
	return line{msg: msg, end: end, raw: len(b), trail: trail}
}

// maxHeader is at least as long as any header.
const maxHeader = 400

// header is the RFC 5424 header of a line that has none: user.notice, as logger
// has it. It is empty for a line that has one.
func (l *lines) header(b []byte) string {
	switch {
	case l.format == formatRaw, l.cont && l.bare, !l.cont && hasPriority(b):
		return ""
	case l.stamp == "":
		l.stamp = "<13>1 " + l.now().Format("2006-01-02T15:04:05.000000Z07:00") + " " + l.host + " " + l.tag + " - - - "
	}
	return l.stamp
}

// hasPriority reports whether a line begins as syslog does: "<0>" to "<191>".
func hasPriority(b []byte) bool {
	end := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if end < 2 || b[0] != '<' {
		return false
	}
	n, err := strconv.ParseUint(string(b[1:end]), 10, 8)
	return err == nil && n <= 191
}
