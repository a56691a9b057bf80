package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"unicode"
	"unicode/utf8"
)

// escapeHelp describes the escape in the help of "cat".
const escapeHelp = `
Escapes: a line is a log; what could command the terminal, mislead the reader or
be taken for an escape is printed as
  \\            a backslash
  \n \r \t      a line feed, a carriage return, a tab
  \xHH          another control character below U+0020, DEL, or a byte that is not UTF-8
  \uHHHH        a character that is not shown as itself: U+0080 to U+009F, those that
  \UHHHHHHHH    change the direction of text, separate lines or have no width, and
                those that are for private use or not assigned
so that each line stands for one log only, but for a line feed at its end. All
other text is printed as it is. Where the output is no terminal, -escape auto escapes
control characters below U+0020 but for the tab, and DEL, as \n, \r and \xHH; it leaves
all else, and backslashes, as they are.
`

// escaping is what becomes of the bytes of senders.
type escaping uint8

const (
	escapeAll      escaping = iota // nothing misleads, and it can be undone
	escapeControls                 // a log is a line
	escapeNothing
)

// append appends text to b.
func (e escaping) append(b, text []byte) []byte {
	switch e {
	case escapeAll:
		return appendEscaped(b, text, true)
	case escapeControls:
		return appendControls(b, text)
	default:
		return append(b, text...)
	}
}

// appendControls appends text with escapes for ASCII's control characters other than
// the tab.
func appendControls(b, text []byte) []byte {
	for _, c := range text {
		switch {
		case c >= ' ' && c != 0x7f || c == '\t':
			b = append(b, c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		default:
			b = appendByte(b, c)
		}
	}
	return b
}

// appendEscaped appends text with the escapes that escapeHelp lists; backslashes
// are escaped only if asked for.
func appendEscaped(b, text []byte, backslashes bool) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && text[n] >= ' ' && text[n] < 0x7f && text[n] != '\\' {
			n++
		}
		b = append(b, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\\' && backslashes:
			b = append(b, `\\`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f || r == utf8.RuneError && size == 1:
			b = appendByte(b, text[0])
		case plain(r):
			b = append(b, text[:size]...)
		case r > 0xffff:
			b = fmt.Appendf(b, `\U%08x`, r)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		text = text[size:]
	}
	return b
}

func appendByte(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'x', hex[c>>4], hex[c&15])
}

// plain reports whether a character is shown as itself: it is a letter, mark, number,
// sign or space, and none of those among them that are not to be seen.
func plain(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// printable passes on lines that say what the server does. Bytes of senders in them are
// quoted where they are put in; this is for those that are not, or whose quoting
// lets something through. Backslashes stay: they are those of the quoting, or of paths.
type printable struct{ w io.Writer }

// Write writes the lines of p.
func (p printable) Write(b []byte) (int, error) {
	out := make([]byte, 0, len(b)+16)
	for line := range bytes.Lines(b) {
		text, end := bytes.CutSuffix(line, []byte("\n"))
		out = appendEscaped(out, text, false)
		if end {
			out = append(out, '\n')
		}
	}
	if _, err := p.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// newLog returns the logger of a program that writes to w.
func newLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(printable{w}, nil)) }
