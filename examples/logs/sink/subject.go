package sink

import (
	"fmt"
	"strings"
)

const (
	// maxToken is how much of a field gets into a subject, in bytes.
	maxToken = 64
	// maxTemplate is how long a template may be, in bytes.
	maxTemplate = 256
)

// noToken stands for a field that is empty.
const noToken = "none"

// templateFields are the fields that a template may have.
var templateFields = []string{"host", "severity", "app", "facility"}

// A template makes a subject of a message.
type template struct {
	parts []templatePart
}

// A templatePart is text, or else a field.
type templatePart struct{ text, field string }

// parseTemplate reads a subject with fields in braces: logs.{host}.{severity}.
func parseTemplate(s string) (*template, error) {
	bad := func(why string) error {
		return fmt.Errorf("subject %q: %s: want tokens of letters, digits, -, _ and {%s}, with dots between, of %d bytes at most",
			s, why, strings.Join(templateFields, "}, {"), maxTemplate)
	}
	if s == "" || len(s) > maxTemplate {
		return nil, bad(fmt.Sprintf("it has %d bytes", len(s)))
	}
	t := new(template)
	for rest := s; rest != ""; {
		text, after, found := strings.Cut(rest, "{")
		if text != "" {
			t.parts = append(t.parts, templatePart{text: text})
		}
		if !found {
			break
		}
		field, after, closed := strings.Cut(after, "}")
		if !closed || !isField(field) {
			return nil, bad(fmt.Sprintf("{%s is no field", field))
		}
		t.parts = append(t.parts, templatePart{field: field})
		rest = after
	}
	for token := range strings.SplitSeq(t.pattern(noToken), ".") {
		if token == "" || strings.IndexFunc(token, func(r rune) bool { return r > '~' || !isTokenByte(byte(r)) }) >= 0 {
			return nil, bad(fmt.Sprintf("a token is %q", token))
		}
	}
	if strings.HasPrefix(s, "$") {
		return nil, bad("it begins with $")
	}
	return t, nil
}

func isField(name string) bool {
	for _, f := range templateFields {
		if f == name {
			return true
		}
	}
	return false
}

// pattern is the template with the same in place of each field.
func (t *template) pattern(field string) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.field != "" {
			b.WriteString(field)
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// filter is the narrowest NATS subject filter that takes everything the template makes.
func (t *template) filter() string {
	tokens := strings.Split(t.pattern("*"), ".")
	for i, token := range tokens {
		if strings.Contains(token, "*") {
			tokens[i] = "*" // * is a whole token only
		}
	}
	return strings.Join(tokens, ".")
}

// subject is that of a message.
func (t *template) subject(m *message) string {
	b := make([]byte, 0, 96)
	h := m.header()
	for _, p := range t.parts {
		switch p.field {
		case "":
			b = append(b, p.text...)
		case "host":
			b = appendToken(b, h.Host)
		case "severity":
			b = append(b, severityName(m.Severity)...)
		case "app":
			b = appendToken(b, appOf(h))
		case "facility":
			b = append(b, facilityName(m.Facility)...)
		}
	}
	return string(b)
}

// appendToken appends a sender's bytes so that they are one token of a subject: what is
// no letter, digit, - or _ becomes _.
func appendToken(b, field []byte) []byte {
	if len(field) == 0 {
		return append(b, noToken...)
	}
	for _, c := range field[:min(len(field), maxToken)] {
		if !isTokenByte(c) {
			c = '_'
		}
		b = append(b, c)
	}
	return b
}

func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// covers reports whether a NATS subject filter of a stream takes all that another one
// does.
func covers(stream, filter string) bool {
	s, f := strings.Split(stream, "."), strings.Split(filter, ".")
	for i, token := range s {
		switch {
		case token == ">":
			return len(f) > i
		case i >= len(f) || token != "*" && token != f[i]:
			return false
		}
	}
	return len(s) == len(f)
}
