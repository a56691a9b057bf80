package syslog

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// now is when the messages of the tables are received.
var now = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// location loads a location of the data base that the test has with it.
func location(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// row is a message and what its header has to say. Fields are host, app and
// procid, "-" for one that is not given.
type row struct {
	msg    string
	ok     bool
	time   string // RFC 3339; "": none
	fields string
}

// check parses the rows at a point in time.
func check(t *testing.T, rows []row, format Format, now time.Time) {
	t.Helper()
	for _, r := range rows {
		h, ok := Parse([]byte(r.msg), now)
		want := int64(0)
		if r.time != "" {
			want = at(r.time)
		}
		if ok != r.ok || h.Time != want || fields(h) != r.fields || h.Format != format {
			t.Errorf("%q: ok %v, %v, %v, %q; want %+v", r.msg, ok, h.Format, time.Unix(0, h.Time).UTC(), fields(h), r)
		}
	}
}

func fields(h Header) string {
	var out []string
	for _, f := range [][]byte{h.Host, h.App, h.ProcID} {
		if f == nil {
			f = []byte("-")
		}
		out = append(out, string(f))
	}
	return strings.Join(out, " ")
}
