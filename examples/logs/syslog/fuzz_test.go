package syslog

import (
	"bytes"
	"testing"
	"time"
)

// seeds are a message of each form.
var seeds = []string{
	"<34>1 2003-10-11T22:14:15.003Z h a - ID47 - x",
	`<34>1 2003-10-11T22:14:15.003Z h a p ID47 [a b="c\]"][d] x`,
	"<1>1 - - - - - -",
	"<1>1 2003-10-11T22:14:60.0000001Z h a p m -",
	"<34>Mar  5 22:14:15 h su: x",
	"<34>Oct 11 22:14:15 h su[12]: x",
	"<9>Feb 29 00:00:60 h",
	"<13>Nov  6 2026 10:00:00 h a: x",
	"<13>2026 Nov  6 10:00:00.5 +0100 h a: x",
	"<13>1999-11-06 10:00:00,123 h a: x",
	"<13>2026-11-06T10:00:00+0000 h a: x",
	"<189>29: router1: 000123: *Nov  6 10:00:00.123 UTC: %SYS-5-CONFIG_I: x",
	"<189>: 2026 Nov  6 10:00:00 EST: %A: x",
	"<13>Nov  6 10:00:00 XYZT: %A: x",
	"<13>Nov  6 10:00:00 [2001:db8::1%eth0] a: x",
	"malformed",
}

// FuzzParse parses anything, received at any time in a location with summer time: nothing
// panics, names lie in the message, and times are those that package time
// reads or, without a year, within one of receipt.
func FuzzParse(f *testing.F) {
	for i, s := range seeds {
		f.Add([]byte(s), int64(i)*10_000_000)
	}
	locations := []*time.Location{time.UTC, location(f, "Europe/Berlin"), location(f, "America/St_Johns"), location(f, "Pacific/Kiritimati"), location(f, "Africa/Casablanca")}
	f.Fuzz(func(t *testing.T, msg []byte, sec int64) {
		now := time.Unix(sec%(200*366*86400), 0).In(locations[uint64(sec)%uint64(len(locations))])
		h, ok := Parse(msg, now)
		if h.Severity > 7 || h.Facility > 23 || len(h.Host) > maxHost || len(h.App) > maxApp || len(h.ProcID) > maxProcID {
			t.Errorf("%q: %+v", msg, h)
		}
		for _, field := range [][]byte{h.Host, h.App, h.ProcID} {
			aliases(t, msg, field)
			for _, c := range field {
				if c <= ' ' || c == 0x7f || c > 0x7f && h.Format == RFC5424 {
					t.Errorf("%q: %q has a byte that is not printable", msg, field)
				}
			}
		}
		if ok && h.Format == RFC5424 {
			same5424(t, h, msg)
		}
	})
}

// aliases fails unless a field is a part of msg, which cannot be appended to.
func aliases(t *testing.T, msg, field []byte) {
	t.Helper()
	if len(field) == 0 {
		return
	}
	before := bytes.Clone(msg)
	field[0] ^= 1
	if i := bytes.IndexByte(msg, field[0]); bytes.Equal(msg, before) || i < 0 || cap(field) != len(field) {
		t.Errorf("%q: %q is not a part of it", before, field)
	}
	field[0] ^= 1
}

// same5424 compares a time with package time's.
func same5424(t *testing.T, h Header, msg []byte) {
	t.Helper()
	stamp := bytes.Split(msg, []byte(" "))[1]
	want, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err == nil && want.UnixNano() != h.Time || err != nil && h.Time != 0 {
		t.Errorf("%q: %v; want %v, %v", stamp, h.Time, want.UnixNano(), err)
	}
}

// FuzzYear makes times without a year: they are within one of receipt, and show
// on a clock at the location what was sent.
func FuzzYear(f *testing.F) {
	f.Add(int64(0), uint8(0), uint32(0), uint32(0))
	f.Add(int64(1772711999), uint8(1), uint32(59), uint32(86399))
	locations := []*time.Location{time.UTC, location(f, "Europe/Berlin"), location(f, "America/St_Johns"), location(f, "Pacific/Kiritimati"), location(f, "Etc/GMT+12"), location(f, "Africa/Casablanca")}
	f.Fuzz(func(t *testing.T, sec int64, where uint8, day, second uint32) {
		now := time.Unix(sec%(200*366*86400), 0).In(locations[int(where)%len(locations)])
		sent := time.Date(2024, 1, 1+int(day%366), 0, 0, int(second%86400), 0, time.UTC).Format(time.Stamp)
		h, ok := Parse([]byte("<13>"+sent+" h a: x"), now)
		if !ok {
			if sent[:6] != "Feb 29" {
				t.Errorf("%s at %v: malformed", sent, now)
			}
			return
		}
		got := time.Unix(0, h.Time).In(now.Location())
		if d := got.Sub(now).Abs(); d > 366*24*time.Hour || sent[:6] != "Feb 29" && d > 184*24*time.Hour {
			t.Errorf("%s at %v is %v", sent, now, got)
		}
		if got.Format(time.Stamp) != sent && !skipped(got) {
			t.Errorf("%s at %v is %v", sent, now, got)
		}
	})
}

// skipped reports whether clocks were put forward in the day before t.
func skipped(t time.Time) bool {
	_, before := t.Add(-24 * time.Hour).Zone()
	_, after := t.Zone()
	return after > before
}

// FuzzStructuredData compares with a reading by the grammar, byte by byte.
func FuzzStructuredData(f *testing.F) {
	for _, s := range []string{`[a b="c"]`, `[a b="\]\"\\\x"][d]`, `-`, `[a b="c]"]`, `[a ]`, `[a] x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if got, want := structuredData([]byte(data)), byGrammar(data); got != want {
			t.Errorf("%q: %v, want %v", data, got, want)
		}
	})
}
