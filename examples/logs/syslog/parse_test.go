package syslog

import (
	"testing"
)

// TestPriority checks what is made of the first bytes.
func TestPriority(t *testing.T) {
	const bsd, new = "Mar  5 11:00:00 h x", "1 - - - - - -"
	for _, c := range []struct {
		msg    string
		ok     bool
		pri    int
		format Format
	}{
		{"<0>" + bsd, true, 0, RFC3164},
		{"<34>" + bsd, true, 34, RFC3164},
		{"<191>" + bsd, true, 191, RFC3164},
		{"<013>" + bsd, true, 13, RFC3164},
		{"<01>" + bsd, true, 1, RFC3164},
		{"<000>" + bsd, true, 0, RFC3164},
		{"<13> " + bsd, true, 13, RFC3164},
		{"<13>   " + bsd, true, 13, RFC3164},
		{"<13>\t" + bsd, false, 13, RFC3164},
		{"<192>" + bsd, false, 13, Unknown},
		{"<999>" + bsd, false, 13, Unknown},
		{"<0013>" + bsd, false, 13, Unknown},
		{"<1 3>" + bsd, false, 13, Unknown},
		{"<-1>" + bsd, false, 13, Unknown},
		{"< 13>" + bsd, false, 13, Unknown},
		{"<13" + bsd, false, 13, Unknown},
		{"13>" + bsd, false, 13, Unknown},
		{"<>x", false, 13, Unknown},
		{"<13", false, 13, Unknown},
		{"<13>", false, 13, RFC3164},
		{"<4>", false, 4, RFC3164},
		{"<4>no time", false, 4, RFC3164},
		{"no priority", false, 13, Unknown},
		{"", false, 13, Unknown},
		{"\x00\x00<13>", false, 13, Unknown},
		{"<0>" + new, true, 0, RFC5424},
		{"<191>" + new, true, 191, RFC5424},
		{"<013>" + new, false, 13, RFC5424},
		{"<00>" + new, false, 0, RFC5424},
		{"<13> " + new, false, 13, RFC3164},
		{"<13>2 - - - - - -", false, 13, RFC5424},
		{"<13>10 2026-03-05T11:00:00Z - - - - -", false, 13, RFC5424},
		{"<13>01 - - - - - -", false, 13, RFC3164},
		{"<13>1000 - - - - - -", false, 13, RFC3164},
		{"<13>1", false, 13, RFC3164},
		{"<13>1 ", false, 13, RFC5424},
	} {
		h, ok := Parse([]byte(c.msg), now)
		if ok != c.ok || int(h.Facility)*8+int(h.Severity) != c.pri || h.Format != c.format {
			t.Errorf("%q: %v, %+v; want %+v", c.msg, ok, h, c)
		}
	}
}

// TestNoAllocations parses a message of each form.
func TestNoAllocations(t *testing.T) {
	berlin := now.In(location(t, "Europe/Berlin"))
	for _, text := range seeds {
		msg := []byte(text)
		if n := testing.AllocsPerRun(100, func() { Parse(msg, berlin) }); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

// TestFormatNames checks the names.
func TestFormatNames(t *testing.T) {
	for f, want := range map[Format]string{Unknown: "unknown", RFC5424: "rfc5424", RFC3164: "rfc3164", 9: "unknown"} {
		if f.String() != want {
			t.Errorf("format %d is %q, want %q", f, f, want)
		}
	}
}
