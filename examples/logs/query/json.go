package query

import (
	"encoding/base64"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// AppendJSON appends an entry as a line of JSON, an object of
//
//	received, time   RFC 3339 with nanoseconds, UTC
//	severity         by name
//	facility         by name
//	host, app, procid
//	peer, listener, subject
//	malformed, cut, more
//	message          in UTF-8; without the LF that it may end in
//	raw              base64 of the message, if it is not UTF-8 as a whole
//
// Of these severity, facility and message are always there; the others if they are known,
// flags if they are true. Where there is raw, message has backslashes as \\ and each byte
// that is not UTF-8 as \xHH. In the other strings such bytes are \xHH, too. What could
// mislead on a terminal (controls, changes of direction, what has no width) is written
// with JSON's escapes, so that a line may be printed as it is.
func AppendJSON(b []byte, e *Entry) []byte {
	b = append(b, '{')
	if e.Received != 0 {
		b = appendTime(b, "received", e.Received)
	}
	if t := e.OwnTime(); t != 0 {
		b = appendTime(b, "time", t)
	}
	b = appendField(b, "severity", []byte(stats.SeverityNames[e.Severity&7]))
	b = appendField(b, "facility", []byte(FacilityName(e.FacilityNumber())))
	b = appendNamed(b, "host", e.Host())
	b = appendNamed(b, "app", e.App())
	b = appendNamed(b, "procid", e.ProcID())
	if src := e.Source; src != nil {
		b = appendNamed(b, "peer", []byte(src.Peer))
		b = appendNamed(b, "listener", []byte(src.Listener))
		b = appendNamed(b, "subject", []byte(src.Subject))
	}
	b = appendFlag(b, "malformed", e.Malformed)
	b = appendFlag(b, "cut", e.Cut)
	b = appendFlag(b, "more", e.More)
	return append(appendMessage(b, e.Text()), "}\n"...)
}

// Text is the message without the LF that it may end in: templates of rsyslog end
// messages in one also where the framing needs none.
func (e *Entry) Text() []byte {
	if n := len(e.Msg); n > 0 && e.Msg[n-1] == '\n' {
		return e.Msg[:n-1]
	}
	return e.Msg
}

// FacilityName is the name of a facility by its number.
func FacilityName(n uint8) string {
	if int(n) < len(FacilityNames) {
		return FacilityNames[n]
	}
	return "unknown"
}

func appendMessage(b, msg []byte) []byte {
	if utf8.Valid(msg) {
		return appendField(b, "message", msg)
	}
	b = appendName(b, "message")
	b = append(appendText(append(b, '"'), msg, true), '"')
	b = append(appendName(b, "raw"), '"')
	return append(base64.StdEncoding.AppendEncode(b, msg), '"')
}

func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(append(b, '"'), name...), `":`...)
}

func appendField(b []byte, name string, text []byte) []byte {
	return append(appendText(append(appendName(b, name), '"'), text, false), '"')
}

// appendNamed is appendField for what may not be known.
func appendNamed(b []byte, name string, text []byte) []byte {
	if len(text) == 0 {
		return b
	}
	return appendField(b, name, text)
}

func appendFlag(b []byte, name string, on bool) []byte {
	if !on {
		return b
	}
	return append(appendName(b, name), "true"...)
}

func appendTime(b []byte, name string, ns int64) []byte {
	b = append(appendName(b, name), '"')
	return append(time.Unix(0, ns).UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

// appendText appends the inside of a JSON string. Bytes that are not UTF-8 become \xHH;
// with double, backslashes become \\ before that.
func appendText(b, text []byte, double bool) []byte {
	const hex = "0123456789abcdef"
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, '\\', '\\', 'x', hex[text[0]>>4], hex[text[0]&15])
		case r == '\\' && double:
			b = append(b, `\\\\`...)
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r >= ' ' && r < 0x7f || r > 0x7f && shown(r):
			b = append(b, text[:size]...)
		case r > 0xffff:
			r -= 0x10000
			b = appendUnit(appendUnit(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			b = appendUnit(b, r)
		}
		text = text[size:]
	}
	return b
}

// appendUnit appends a unit of UTF-16 as JSON escapes it.
func appendUnit(b []byte, u rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}

// shown reports whether a character is shown as itself, as escape.go of logserver has it.
func shown(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
