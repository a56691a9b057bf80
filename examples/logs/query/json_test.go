package query

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// decoded is what AppendJSON documents.
type decoded struct {
	Received, Time, Severity, Facility, Host, App, ProcID string
	Peer, Listener, Subject, Message                      string
	Malformed, Cut, More                                  bool
	Raw                                                   []byte
}

func TestJSON(t *testing.T) {
	src := &store.Source{Peer: "10.1.2.3:4", Listener: "tcp://[::]:514", Subject: "CN=\u202ex"}
	rec := store.Record{Version: 2, Facility: 4, Severity: 3, Time: second(1), Received: second(2) + 5, Source: src}
	for msg, want := range map[string]string{
		"<35>1 - h a 7 - - t\n":             `{"received":"2026-05-01T12:00:02.000000005Z","time":"2026-05-01T12:00:01Z","severity":"err","facility":"auth","host":"h","app":"a","procid":"7","peer":"10.1.2.3:4","listener":"tcp://[::]:514","subject":"CN=\u202ex","message":"<35>1 - h a 7 - - t"}`,
		"\x1b[2J\u009b\U000e0041\"\\":       `"message":"\u001b[2J\u009b\udb40\udc41\"\\"}`,
		"a\\\xff\n\x00":                     `"message":"a\\\\\\xff\n\u0000","raw":"YVz/CgA="}`,
		"\u00e4\u65e5\U0001f600<&>\t\r\x7f": `"message":"` + "\u00e4\u65e5\U0001f600<&>" + `\t\r\u007f"}`,
	} {
		rec.Msg = []byte(msg)
		got := string(AppendJSON(nil, &Entry{Record: rec}))
		if !strings.HasSuffix(got, strings.TrimPrefix(want, "{")+"\n") || strings.HasPrefix(want, "{") && got != want+"\n" {
			t.Errorf("%q: %s; want %s", msg, got, want)
		}
	}
	got := string(AppendJSON(nil, &Entry{Record: store.Record{Version: 2, Severity: 7, Cut: true, More: true, Malformed: true, Msg: []byte("x")}}))
	if want := `{"severity":"debug","facility":"kern","malformed":true,"cut":true,"more":true,"message":"x"}` + "\n"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// FuzzJSON writes any message: a line of JSON of characters that are shown as themselves,
// from which the message can be told.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"<13>Nov 26 12:00:00 \xff\xfe app[\\]: x", "a\n\n", "\x1b]0;\x07\u202e\u2028", "\xed\xa0\x80", "\\x41\\"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, msg, subject string) {
		e := &Entry{Record: store.Record{Version: 2, Received: 1, Msg: []byte(msg), Source: &store.Source{Subject: subject}}}
		line := AppendJSON(nil, e)
		for _, r := range strings.TrimSuffix(string(line), "\n") {
			if r < ' ' || r == 0x7f || r > 0x7f && !shown(r) {
				t.Fatalf("%q: %q", msg, line)
			}
		}
		var d decoded
		if err := json.Unmarshal(line, &d); err != nil || !utf8.Valid(line) {
			t.Fatalf("%q: %s: %v", msg, line, err)
		}
		back := d.Message
		if d.Raw != nil {
			back = string(d.Raw)
		}
		if back != strings.TrimSuffix(msg, "\n") || utf8.ValidString(subject) && d.Subject != subject {
			t.Errorf("%q: %s", msg, line)
		}
	})
}
