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
	file  *identity // nil: not of a file
	lines []line
}

// line is a message to ship.
type line struct {
	msg []byte
	// end is where the rest of the file begins when this is shipped.
	end int64
}

// lines cuts what is read into lines and makes messages of them.
type lines struct {
	max    int
	format string
	host   string
	tag    string
	p      *progress

	part  []byte // of a line that is not whole
	start int64  // of part in the file
	now   func() time.Time
}

func newLines(cfg *config, p *progress) *lines {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	tag := cfg.tag
	switch {
	case tag != "":
	case cfg.file != "":
		tag = filepath.Base(cfg.file)
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
func (l *lines) seek(offset int64) { l.part, l.start = l.part[:0], offset }

// offset is up to where the file has been read.
func (l *lines) offset() int64 { return l.start + int64(len(l.part)) }

// feed returns the messages that b completes. They have their own memory.
func (l *lines) feed(b []byte) (out []line) {
	var header string
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		whole := b[:i]
		if len(l.part) > 0 {
			l.part = append(l.part, whole...)
			whole = l.part
		}
		end := l.offset() + 1
		if len(l.part) == 0 {
			end += int64(i)
		}
		if header == "" {
			header = l.header()
		}
		out = l.add(out, header, whole, end)
		l.seek(end)
		b = b[i+1:]
	}
	l.part = append(l.part, b...)
	return out
}

// last returns what there is of a line that will not be completed.
func (l *lines) last() (out []line) {
	end := l.offset()
	out = l.add(nil, l.header(), l.part, end)
	l.seek(end)
	return out
}

// add appends the message that a line is, or the messages if it is too long.
func (l *lines) add(out []line, header string, b []byte, end int64) []line {
	b = bytes.TrimSuffix(b, []byte("\r"))
	if len(b) == 0 {
		return out
	}
	if l.format == formatRaw || hasPriority(b) {
		header = ""
	}
	room := l.max - len(header)
	if len(b) > room {
		l.p.cut.Add(1)
	}
	for ; len(b) > room; b = b[room:] {
		out = append(out, line{message(header, b[:room]), l.start})
	}
	return append(out, line{message(header, b), end})
}

func message(header string, b []byte) []byte {
	return append(append(make([]byte, 0, len(header)+len(b)), header...), b...)
}

// header is the RFC 5424 header of a line that has none: user.notice, as logger
// has it.
func (l *lines) header() string {
	return "<13>1 " + l.now().Format("2006-01-02T15:04:05.000000Z07:00") + " " + l.host + " " + l.tag + " - - - "
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
