package syslog

import (
	"bytes"
	"testing"
	"time"
)

var now = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		msg    string
		ok     bool
		pri    int
		time   int64
		host   string
		format Format
	}{
		{"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed", true, 34, at("2003-10-11T22:14:15.003Z"), "mymachine.example.com", RFC5424},
		{"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - text", true, 165, at("2003-08-24T05:14:15.000003-07:00"), "192.0.2.1", RFC5424},
		{"<0>1 - - - - - -", true, 0, 0, "", RFC5424},
		{"<191>1 2024-02-29T23:59:60Z h a p m [id k=\"v\"] x", true, 191, at("2024-02-29T23:59:59Z"), "h", RFC5424},
		{"<13>1 2023-02-29T00:00:00Z h a p m -", false, 13, 0, "", RFC5424},
		{"<13>1 2024-01-01T00:00:00Z h a p", false, 13, at("2024-01-01T00:00:00Z"), "h", RFC5424},
		{"<13>1 2024-01-01 00:00:00Z h a p m -", false, 13, 0, "", RFC5424},
		{"<34>Oct 11 22:14:15 mymachine su: failed", true, 34, at("2025-10-11T22:14:15Z"), "mymachine", RFC3164},
		{"<34>Mar  5 11:00:00 host app[1]: x", true, 34, at("2026-03-05T11:00:00Z"), "host", RFC3164},
		{"<34>Feb 29 11:00:00 host app[1]: x", true, 34, at("2024-02-29T11:00:00Z"), "host", RFC3164},
		{"<34>Feb 30 11:00:00 host x", false, 34, 0, "", RFC3164},
		{"<13>Mar  5 11:00:00 su[12]: local", true, 13, at("2026-03-05T11:00:00Z"), "", RFC3164},
		{"<13>2026-03-05T11:00:00.5+01:00 host tag: x", true, 13, at("2026-03-05T10:00:00.5Z"), "host", RFC3164},
		{"<192>Mar  5 11:00:00 h x", false, 13, 0, "", Unknown},
		{"<01>Mar  5 11:00:00 h x", false, 13, 0, "", Unknown},
		{"<>x", false, 13, 0, "", Unknown},
		{"<13", false, 13, 0, "", Unknown},
		{"<13>", false, 13, 0, "", RFC3164},
		{"no priority", false, 13, 0, "", Unknown},
		{"", false, 13, 0, "", Unknown},
		{"\x00\x00<13>", false, 13, 0, "", Unknown},
	} {
		h, ok := Parse([]byte(c.msg), now)
		if ok != c.ok || int(h.Facility)*8+int(h.Severity) != c.pri || string(h.Host) != c.host || h.Format != c.format || ok && h.Time != c.time {
			t.Errorf("%q: %v, %+v (host %q, time %v); want %+v", c.msg, ok, h, h.Host, time.Unix(0, h.Time).UTC(), c)
		}
	}
}

// FuzzParse: nothing panics, the host lies in the message, and times are those
// that package time reads.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"<34>1 2003-10-11T22:14:15.003Z h a - ID47 - x", "<34>Oct 11 22:14:15 h su: x", "<1>1 - - - - - -", "<9>Feb 29 00:00:60 h"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		h, ok := Parse(msg, now)
		if h.Severity > 7 || h.Facility > 23 || !bytes.Contains(msg, h.Host) {
			t.Errorf("%q: %+v", msg, h)
		}
		if !ok || h.Format != RFC5424 || h.Time == 0 {
			return
		}
		stamp := bytes.Split(msg, []byte(" "))[1]
		if want, err := time.Parse(time.RFC3339Nano, string(stamp)); err == nil && want.UnixNano() != h.Time {
			t.Errorf("%q: %v; want %v", stamp, h.Time, want.UnixNano())
		}
	})
}
