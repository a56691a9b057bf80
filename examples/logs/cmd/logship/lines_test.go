package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// testLines cuts as logship does, with a clock and a host that stand still.
func testLines(format string) *lines {
	l := newLines(&config{maxLine: 512, format: format}, "/var/log/my app", new(progress))
	l.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) }
	l.host = "h"
	return l
}

const testHeader = "<13>1 2026-01-02T03:04:05.000006Z h my_app - - - "

// feedAll feeds in in pieces of a size.
func feedAll(l *lines, in string, size int) (got []line) {
	l.seek(0)
	for rest := in; rest != ""; {
		n := min(size, len(rest))
		got = append(got, l.feed([]byte(rest[:n]))...)
		rest = rest[n:]
	}
	return append(got, l.last()...)
}

// TestLines: headers, long lines in pieces, NULs that are passed over, and where
// each piece ends.
func TestLines(t *testing.T) {
	l := testLines(formatAuto)
	const header = testHeader
	room := 512 - len(header)
	long := strings.Repeat("y", 1000)
	exact := strings.Repeat("e", room)
	in := "plain\r\n\n<34>Oct 11 22:14:15 su: x\n<192>not a priority\n<1234>neither\n" + long + "\n\x00\x00\x00hole\na\x00b\n" + exact + "\r\nrest"
	end := int64(strings.Index(in, long))
	after := end + 1001
	want := []line{
		{[]byte(header + "plain"), 7, 5, 2}, {[]byte("<34>Oct 11 22:14:15 su: x"), 34, 25, 1},
		{[]byte(header + "<192>not a priority"), 54, 19, 1}, {[]byte(header + "<1234>neither"), 68, 13, 1},
		{[]byte(header + long[:room]), end + int64(room), room, 0},
		{[]byte(header + long[:room]), end + 2*int64(room), room, 0}, {[]byte(header + long[2*room:]), after, 1000 - 2*room, 1},
		{[]byte(header + "hole"), after + 8, 4, 1}, {[]byte(header + "a\x00b"), after + 12, 3, 1},
		{[]byte(header + exact), after + 14 + int64(room), room, 2},
		{[]byte(header + "rest"), after + 18 + int64(room), 4, 0},
	}
	for size := 1; size <= len(in); size++ {
		got := feedAll(l, in, size)
		if !slices.EqualFunc(got, want, func(a, b line) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
			t.Fatalf("pieces of %d: got %+v, want %+v", size, got, want)
		}
	}
	if n := l.p.cut.Load(); n != int64(len(in)) {
		t.Errorf("%d long lines counted in %d runs", n, len(in))
	}
}

// TestLinesWithoutEnd: of a line that never ends no more is kept than one message
// holds, and it is passed on while it is read.
func TestLinesWithoutEnd(t *testing.T) {
	for _, format := range []string{formatAuto, formatRaw} {
		l := testLines(format)
		b := []byte(strings.Repeat("x", readSize))
		sent := 0
		for range 100 {
			for _, m := range l.feed(b) {
				if len(m.msg) > l.max {
					t.Fatalf("a message of %d bytes", len(m.msg))
				}
				sent += m.raw
			}
			if len(l.part) > l.max || cap(l.part) > 4*readSize {
				t.Fatalf("%d bytes are kept, in %d", len(l.part), cap(l.part))
			}
		}
		if kept := len(l.part); sent+kept != 100*len(b) || l.p.cut.Load() != 1 {
			t.Errorf("%s: %d bytes sent, %d kept of %d; %d long lines", format, sent, kept, 100*len(b), l.p.cut.Load())
		}
	}
}

// TestNULsAtTheEnd: NULs that nothing follows are not passed over yet.
func TestNULsAtTheEnd(t *testing.T) {
	l := testLines(formatRaw)
	l.feed([]byte("a\n\x00\x00"))
	if l.start != 2 || l.offset() != 4 || !l.inNULs() {
		t.Errorf("at %d, read to %d", l.start, l.offset())
	}
	if got := l.feed([]byte("\x00b\n")); len(got) != 1 || string(got[0].msg) != "b" || got[0].end != 7 {
		t.Errorf("%+v", got)
	}
}
