package sink

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	base := Config{Window: DefaultWindow, WindowBytes: DefaultWindowBytes, Subject: DefaultSubject, Replicas: 1, Partitions: 1, Outage: DefaultOutage}
	for text, change := range map[string]func(*Config){
		"nats://h:4222?stream=LOGS": func(c *Config) {
			c.Kind, c.Name, c.Servers, c.Stream = NATS, "nats-LOGS", []string{"h:4222"}, "LOGS"
		},
		"nats://a:1,[::1]:2,c:3?stream=L&subject=x.{host}.{facility}&create=yes&replicas=3&outage=1h&name=n&window=10&window-bytes=65536": func(c *Config) {
			c.Kind, c.Name, c.Servers, c.Stream, c.Subject = NATS, "n", []string{"a:1", "[::1]:2", "c:3"}, "L", "x.{host}.{facility}"
			c.Create, c.Replicas, c.Outage, c.Window, c.WindowBytes = true, 3, time.Hour, 10, 65536
		},
		"kafka://h:9092,i:9092/the.topic?start=newest&hold-bytes=10GiB&hold-age=24h": func(c *Config) {
			c.Kind, c.Name, c.Servers, c.Topic = Kafka, "kafka-the_topic", []string{"h:9092", "i:9092"}, "the.topic"
			c.Newest, c.HoldBytes, c.HoldAge = true, 10<<30, 24*time.Hour
		},
		"relp://10.0.0.1:2514?hold=no&prepend=header": func(c *Config) {
			c.Kind, c.Name, c.Servers, c.NoHold, c.Header = RELP, "relp-10_0_0_1_2514", []string{"10.0.0.1:2514"}, true, true
		},
		"tls://h:6514?ca=/etc/ca.pem&cert=c&key=k&server-name=s": func(c *Config) {
			c.Kind, c.Name, c.Servers, c.CA, c.Cert, c.Key, c.ServerName = TLS, "tls-h_6514", []string{"h:6514"}, "/etc/ca.pem", "c", "k", "s"
		},
		"relp+tls://h:6514?prepend=nothing": func(c *Config) {
			c.Kind, c.Name, c.Servers = RELPTLS, "relp-tls-h_6514", []string{"h:6514"}
		},
	} {
		want := base
		change(&want)
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", text, err, got, want)
		}
	}
}

// Whatever is wrong is named, with what was wanted, and no secret is repeated.
func TestParseRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"":                                          "want nats://",
		"nats":                                      "want nats://",
		"http://h:1":                                "want nats://",
		"nats://?stream=S":                          `server ""`,
		"nats://h?stream=S":                         `server "h"`,
		"nats://h:0?stream=S":                       `server "h:0"`,
		"nats://h:99999?stream=S":                   `server "h:99999"`,
		"nats://h:1,?stream=S":                      `server ""`,
		"nats://h:1":                                `stream "": want`,
		"nats://h:1?stream=a.b":                     `stream "a.b": want`,
		"nats://h:1/x?stream=S":                     "path /x: want none",
		"nats://u:pw@h:1?stream=S":                  "a user in the URL: want creds=",
		"nats://h:1?stream=S&password=pw":           "option password: want one of",
		"nats://u:pw?x=y@h:1?stream=S":              "a user in the URL",
		"nats://u:1/pw@h:1?stream=S":                "a user in the URL",
		"nats://u:1?pw@h:1?stream=S":                "a user in the URL",
		"nats://u:pw/x@h:1?stream=S":                "a user in the URL",
		"nats://u:pw?x@h:1?stream=S":                "want ",
		"nats://h:1?stream=S&token=pw%zz":           "want NAME=VALUE",
		"nats://h:1?stream=S&stream=T":              "option stream is there 2 times",
		"nats://h:1?stream=S&strem=T":               "option strem: want one of name, start",
		"nats://h:1?stream=S&topic=T":               "option topic: want one of",
		"nats://h:1?stream=S&window=0":              "window 0: want 1 to 65536",
		"nats://h:1?stream=S&window=x":              "window x: want 1 to 65536",
		"nats://h:1?stream=S&window-bytes=1":        "window-bytes 1: want 65536 to",
		"nats://h:1?stream=S&hold=maybe":            "hold maybe: want yes or no",
		"nats://h:1?stream=S&hold=no&hold-age=1h":   "want no hold-bytes and hold-age",
		"nats://h:1?stream=S&hold-bytes=0":          "hold-bytes 0: want a size",
		"nats://h:1?stream=S&hold-bytes=9999999TiB": "hold-bytes 9999999TiB: want a size",
		"nats://h:1?stream=S&hold-age=1":            "hold-age 1: want a duration",
		"nats://h:1?stream=S&start=now":             "start now: want oldest or newest",
		"nats://h:1?stream=S&name=../x":             "name ../x: want 1 to 64",
		"nats://h:1?stream=S&subject=a..b":          "subject a..b: subject",
		"nats://h:1?stream=S&subject=a.{hst}":       "{hst is no field: want",
		"nats://h:1?stream=S&subject=":              "subject : want a value",
		"nats://h:1?stream=S&user=u":                `user "u" and password-file "": want both`,
		"nats://h:1?stream=S&ca=x":                  "want tls=yes",
		"nats://h:1?stream=S&%zz":                   "want NAME=VALUE",
		"kafka://h:1":                               `topic "": want`,
		"kafka://h:1/a/b":                           `topic "a/b": want`,
		"kafka://h:1/t?sasl=x":                      "sasl x: want plain",
		"kafka://h:1/t?sasl=plain":                  "sasl plain: want user",
		"kafka://h:1/t?partitions=0":                "partitions 0: want 1 to 10000",
		"relp://h:1,i:1":                            "2 servers: want one",
		"tls://h:1?cert=c":                          `cert "c" and key "": want both`,
		"relp://h:1?ca=x":                           "option ca: want one of",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "-sink ") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: the error has the password: %v", text, err)
		}
	}
}

func TestTemplate(t *testing.T) {
	msg := func(host string, malformed bool) *message {
		m := &message{}
		m.Severity, m.Facility, m.Malformed = 3, 16, malformed
		m.Msg = []byte("<131>1 2026-01-01T00:00:00Z " + host + " app 1 - - text")
		return m
	}
	for _, c := range []struct{ template, host, want, filter string }{
		{"logs.{host}.{severity}.{facility}", "web-1", "logs.web-1.err.local0", "logs.*.*.*"},
		{"logs.{host}", "web.example.com", "logs.web_example_com", "logs.*"},
		{"logs.{host}", "a*>b$", "logs.a__b_", "logs.*"},
		{"logs.{host}", "-", "logs.none", "logs.*"},
		{"logs.{host}", strings.Repeat("x", 200), "logs." + strings.Repeat("x", maxToken), "logs.*"},
		{"l.h-{host}-{severity}.x", "web", "l.h-web-err.x", "l.*.x"},
		{"logs.{app}", "web", "logs.app", "logs.*"},
		{"all", "web", "all", "all"},
	} {
		p, err := parseTemplate(c.template)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.subject(msg(c.host, false)); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.template, c.host, got, c.want)
		}
		if got := p.filter(); got != c.filter {
			t.Errorf("filter of %s is %q, want %q", c.template, got, c.filter)
		}
	}
	if got := string(appendToken(nil, []byte("a.*>b\x00\xff\r $"))); got != "a___b_____" {
		t.Errorf("token %q", got)
	}
	p, _ := parseTemplate("{host}")
	if got := p.subject(msg("web", true)); got != "none" {
		t.Errorf("of a malformed message: %q", got)
	}
	for _, bad := range []string{"", "a..b", ".a", "a.", "a b", "a.*", "a.>", "$SYS.x", "a.{", "a.{}", "a.}", "ä", strings.Repeat("x", 257)} {
		if _, err := parseTemplate(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		stream, filter string
		want           bool
	}{
		{"logs.>", "logs.*.*", true}, {"logs.*.*", "logs.*.*", true}, {">", "a", true}, {"logs.*.*", "logs.x.*", true},
		{"logs.*", "logs.*.*", false}, {"logs.>", "logs", false}, {"logs.x.*", "logs.*.*", false}, {"logs.*.*", "logs.*", false}, {"a", "b", false},
	} {
		if covers(c.stream, c.filter) != c.want {
			t.Errorf("covers(%s, %s) is not %v", c.stream, c.filter, c.want)
		}
	}
}

// Whatever a sender says, it is one token of a subject, and the subject has as many as the
// template.
func FuzzSubject(f *testing.F) {
	p, err := parseTemplate("logs.{host}.{severity}.{app}")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("<13>1 2026-01-01T00:00:00Z host app - - - x"), uint8(0))
	f.Add([]byte("<13>1 - a.b.>.* app - - - x"), uint8(7))
	f.Add([]byte("<13>Mar  5 11:00:00 ho\r\nst app: x"), uint8(255))
	f.Fuzz(func(t *testing.T, msg []byte, severity uint8) {
		m := &message{}
		m.Msg, m.Severity = msg, severity
		tokens := strings.Split(p.subject(m), ".")
		if len(tokens) != 4 {
			t.Fatalf("%q", tokens)
		}
		for _, token := range tokens {
			if token == "" || len(token) > maxToken {
				t.Errorf("token %q", token)
			}
			for i := range len(token) {
				if !isTokenByte(token[i]) {
					t.Errorf("token %q", token)
				}
			}
		}
	})
}
