package query

import (
	"errors"
	"flag"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// TestFilter asks for logs by each name.
func TestFilter(t *testing.T) {
	v4 := &store.Source{Peer: "10.1.2.3:4000", Listener: "tcp://[::]:514"}
	v6 := &store.Source{Peer: "[2001:db8::1%eth0]:4000"}
	mapped := &store.Source{Peer: "[::ffff:10.1.9.9]:1"}
	logs := []log{
		{"<0>1 2026-04-01T00:00:00Z alpha kernel 7 - - Panic: no init", second(0), 0, v4},
		{"<27>1 2026-04-02T00:00:00Z beta cron 8 - - cannot open", second(10), 1, v6},
		{"<134>1 - beta2 web-1 - - - GET /\n", second(20), 0, nil},
		{"<191>1 2026-04-03T00:00:00Z db[1] web-2 - - - panic averted", second(30), 1, mapped},
		{"no header", second(40), 0, v4},
	}
	dir := fill(t, 1<<20, logs...)
	for params, which := range map[string]string{
		"": "01234", "severity=err": "01", "severity=7": "01234", "severity=0": "0",
		"since=60s": "4", "since=2026-05-01T12:00:30Z": "34", "until=2026-05-01T12:00:10Z": "01", "since=90s&until=80s": "12",
		"time=message&since=2026-04-02&until=2026-04-30": "13", "time=message&since=2026-04-03": "234", "time=received&until=2026-04-30": "",
		"grep=anic": "03", "grep=panic": "3", "grep=panic&i=1": "03", "grep=panic&i=true&v=1": "124", "v=1": "01234", "grep=/$": "2",
		"grep=" + url.QueryEscape(`^<\d+>1`): "0123", "grep=": "01234", "grep=&v=1": "01234",
		"host=beta": "1", "host=beta*": "12", "host=alpha&host=b*2": "02", "host=" + url.QueryEscape(`db\[1]`): "3", "host=db[1]": "", "host=*": "0123", "host=BETA": "",
		"app=cron": "1", "app=web-?": "23", "app=kernel&app=web-1": "02",
		"facility=kern": "0", "facility=0": "0", "facility=daemon,local0": "12", "facility=daemon&facility=23": "13", "facility=user": "4",
		"peer=10.1.2.3": "04", "peer=10.1.0.0/16": "034", "peer=2001:db8::/32": "1", "peer=::ffff:10.1.9.9": "3", "peer=::ffff:10.1.0.0/112": "034", "peer=0.0.0.0/0&peer=::/0": "0134",
		"malformed=1": "4", "malformed=0": "01234",
		"n=0": "01234", "n=2": "34", "n=9": "01234", "n=1&severity=err": "1", "n=2&grep=panic&i=1": "03", "n=1&grep=nothing": "",
	} {
		var list []string
		for _, c := range which {
			list = append(list, texts(logs[c-'0':c-'0'+1])...)
		}
		want(t, params, ask(t, parse(t, params), dir), list)
	}
}

// TestRefusals checks what is not accepted, as a flag and as a parameter: the words are
// the same.
func TestRefusals(t *testing.T) {
	long := strings.Repeat("a", maxText+1)
	for _, c := range []struct{ name, value, want string }{
		{"since", "yesterday", "a time like"}, {"until", "", "a time like"}, {"since", "9999-01-01", "a time like"}, {"since", "0001-01-01", "a time like"},
		{"time", "sent", "received or message"}, {"grep", "(", "a regular expression"}, {"grep", long, "at most 4096"}, {"grep", "a)(b", "a regular expression"},
		{"v", "perhaps", "true or false"}, {"i", "2", "true or false"}, {"malformed", "no", "true or false"},
		{"host", "[", "a pattern of"}, {"host", "", "a pattern of"}, {"app", "a[", "a pattern of"}, {"app", long, "a pattern of"},
		{"facility", "local8", "one of kern, "}, {"facility", "24", "one of kern, "}, {"facility", "", "one of kern, "}, {"facility", "kern,x", "one of kern, "},
		{"severity", "bad", "one of emerg, "}, {"severity", "8", "one of emerg, "}, {"severity", "-1", "one of emerg, "},
		{"peer", "host", "an address or a network"}, {"peer", "10.0.0.0/33", "an address or a network"}, {"peer", "10.0.0.1:80", "an address or a network"},
		{"n", "-1", "0 or more"}, {"n", "many", "0 or more"}, {"n", "1e3", "0 or more"}, {"n", "2147483648", "0 or more"},
	} {
		var q, f Query
		err := q.Parse(url.Values{c.name: {c.value}}.Encode())
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Name != c.name || refusal.Value != c.value || !strings.Contains(refusal.Want, c.want) {
			if len(c.value) < maxText {
				t.Errorf("%s=%s: %v", c.name, c.value, err)
			}
		}
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		refused := f.Flags(fs)
		if err := fs.Parse([]string{"-" + c.name + "=" + c.value}); err != nil {
			t.Fatal(err)
		}
		if got := refused(); got == nil || got.Error() != err.Error() {
			t.Errorf("flag: %v, parameter: %v", got, err)
		}
	}
	for params, want := range map[string]string{
		"nonsense=1": `parameter "nonsense": want one of since, until, `, "n=1&n=2": `n "2": want it once`, "a;b": `parameters "a;b"`,
		"grep=%zz": `parameters "grep=%zz": want name=value`, "host=" + strings.Repeat("x", 1<<16): "at most 16384 bytes",
	} {
		if err := new(Query).Parse(params); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v; want %s", params, err, want)
		}
	}
	if err := new(Query).Parse("follow=1&n=2", "follow"); err != nil {
		t.Errorf("what the caller understands: %v", err)
	}
	var many Query
	for range maxValues {
		if err := many.Set("host", "a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := many.Set("host", "a"); err == nil {
		t.Error("any number of hosts")
	}
}

// TestParseTime checks points in time.
func TestParseTime(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90m":                       now.Add(-90 * time.Minute),
		"2026-01-02":                time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02 03:04:05":       time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02T03:04:05+01:00": time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC),
		"1970-01-01":                time.Unix(0, 1), // 0 would be no limit
	} {
		if got, ok := parseTime(text, now); !ok || got != want.UnixNano() {
			t.Errorf("%q is %v, %v; want %v", text, time.Unix(0, got), ok, want)
		}
	}
}

// FuzzParse parses any parameters: what is refused is refused in one form, and what is not
// can be asked.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "grep=a&i=1&v=1&n=3", "host=a*&host=[b]&app=x", "since=1h&until=2026-01-01&time=message", "facility=kern,3&severity=err&peer=::/0&malformed=1", "grep=(a{1000}){1000}", "%"} {
		f.Add(s)
	}
	dir := f.TempDir()
	s, err := store.Open(store.Options{Dir: dir, Lanes: 1})
	if err != nil {
		f.Fatal(err)
	}
	s.Lane(0).Begin()
	s.Lane(0).Append(store.Meta{Severity: 3, Source: &store.Source{Peer: "[::1]:5"}}, []byte("<11>Nov 26 12:00:00 host app[1]: text"))
	s.Lane(0).End()
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	paths, err := store.Segments(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, params string) {
		var q Query
		if err := q.Parse(params); err != nil {
			var refusal *Refusal
			if !errors.As(err, &refusal) || strings.ContainsAny(err.Error(), "\n\x1b") || !strings.Contains(err.Error(), ": want ") {
				t.Errorf("%q: %q", params, err)
			}
			return
		}
		n := 0
		if _, err := q.Run(t.Context(), nil, [][]string{paths}, func(*Entry) error { n++; return nil }); err != nil || n > 1 {
			t.Errorf("%q: %d, %v", params, n, err)
		}
	})
}
