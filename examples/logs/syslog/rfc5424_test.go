package syslog

import (
	"strings"
	"testing"
)

// Test5424 checks headers up to the structured data.
func Test5424(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	const day = "2024-01-01T00:00:00Z"
	check(t, []row{
		{"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed", true, "2003-10-11T22:14:15.003Z", "mymachine.example.com su -"},
		{"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 %% It's - - text", true, "2003-08-24T05:14:15.000003-07:00", "192.0.2.1 %% It's"},
		{"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - text", true, "2003-08-24T05:14:15.000003-07:00", "192.0.2.1 myproc 8710"},
		{"<165>1 2003-10-11T22:14:15.003Z m e - ID47 [a@1 iut=\"3\"] \xef\xbb\xbftext", true, "2003-10-11T22:14:15.003Z", "m e -"},
		{"<0>1 - - - - - -", true, "", "- - -"},
		{"<0>1 - - - - - - ", true, "", "- - -"},
		{"<0>1 - h a p m - text \x00\xff", true, "", "h a p"},
		{"<0>1 " + day + " h a p m -", true, day, "h a p"},
		{"<0>1 2024-02-29T23:59:59.999999+23:59 h a p m -", true, "2024-02-29T23:59:59.999999+23:59", "h a p"},
		// Times that are read though they are forbidden.
		{"<0>1 2024-02-29T23:59:60Z h a p m -", false, "2024-02-29T23:59:59Z", "h a p"},
		{"<0>1 2003-08-24T05:14:15.000000003-07:00 h a p m -", false, "2003-08-24T05:14:15.000000003-07:00", "h a p"},
		{"<0>1 2003-08-24T05:14:15.1234567891Z h a p m -", false, "2003-08-24T05:14:15.123456789Z", "h a p"},
		// Times that are none.
		{"<0>1 2023-02-29T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01 00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01t00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00 h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00+0000 h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00+00 h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00+24:00 h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00.Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:00,5Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T24:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:60:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T00:00:61Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-01T0:00:000Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-1-01T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-13-01T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-00-01T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 2024-01-00T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 0001-01-01T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 9999-01-01T00:00:00Z h a p m -", false, "", "- - -"},
		{"<0>1 Mar  5 11:00:00 h a p m -", false, "", "- - -"},
		{"<0>1 -- h a p m -", false, "", "- - -"},
		{"<0>1  h a p m -", false, "", "- - -"},
		// Names: too long, empty, not printable.
		{"<0>1 - " + long(255) + " a p m -", true, "", long(255) + " a p"},
		{"<0>1 - " + long(256) + " a p m -", false, "", "- - -"},
		{"<0>1 - h " + long(48) + " p m -", true, "", "h " + long(48) + " p"},
		{"<0>1 - h " + long(49) + " p m -", false, "", "h - -"},
		{"<0>1 - h a " + long(128) + " m -", true, "", "h a " + long(128)},
		{"<0>1 - h a " + long(129) + " m -", false, "", "h a -"},
		{"<0>1 - h a p " + long(32) + " -", true, "", "h a p"},
		{"<0>1 - h a p " + long(33) + " -", false, "", "h a p"},
		{"<0>1 -  a p m -", false, "", "- - -"},
		{"<0>1 - h  p m -", false, "", "h - -"},
		{"<0>1 - h a p  -", false, "", "h a p"},
		{"<0>1 - h\x01 a p m -", false, "", "- - -"},
		{"<0>1 - h\x7f a p m -", false, "", "- - -"},
		{"<0>1 - h\u00e4 a p m -", false, "", "- - -"},
		{"<0>1 - h a\x1b p m -", false, "", "h - -"},
		{"<0>1 - h a p\t m -", false, "", "h a -"},
		{"<0>1 - h a p m\x00 -", false, "", "h a p"},
		{"<0>1 - h\ta p m -", false, "", "- - -"},
		// Too few fields.
		{"<0>1 -", false, "", "- - -"},
		{"<0>1 " + day, false, "", "- - -"},
		{"<0>1 " + day + " h", false, day, "- - -"},
		{"<0>1 " + day + " h a p", false, day, "h a -"},
		{"<0>1 " + day + " h a p m", false, day, "h a p"},
		{"<0>1 " + day + " h a p m ", false, day, "h a p"},
		{"<0>1 " + day + " h a p m text", false, day, "h a p"},
		{"<0>1 " + day + " h a p m --", false, day, "h a p"},
		{"<0>1 " + day + " h a p m -[a]", false, day, "h a p"},
		{"<0>1 " + day + " h a p m -text", false, day, "h a p"},
	}, RFC5424, now)
}

// TestStructuredData checks RFC 5424, section 6.3.
func TestStructuredData(t *testing.T) {
	long := strings.Repeat("x", 32)
	for data, want := range map[string]bool{
		`[a]`:                            true,
		`[a@32473 iut="3" src="App"]`:    true,
		`[a b="c"][d e="f"]`:             true,
		`[a b="c"][d]`:                   true,
		`[a b=""]`:                       true,
		`[a b="` + "\u00e4\x00\n" + `"]`: true,
		`[a b="[c d=\"e\"\]"]`:           true,
		`[a b="\\"]`:                     true,
		`[a b="\\\""]`:                   true,
		`[a b="C:\Windows\x"]`:           true, // not an escape: a backslash
		`[a b=" "] text] "`:              true,
		`[a b="c"] [d`:                   true, // text
		`[` + long + `]`:                 true,
		`[a ` + long + `="1"]`:           true,
		`[a b="1" b="2"]`:                true,
		`[` + long + `x]`:                false,
		`[a ` + long + `x="1"]`:          false,
		`[]`:                             false,
		`[ a]`:                           false,
		`[a ]`:                           false,
		`[a  b="c"]`:                     false,
		`[a`:                             false,
		`[`:                              false,
		`[a `:                            false,
		`[a b`:                           false,
		`[a b=`:                          false,
		`[a b="`:                         false,
		`[a b="c`:                        false,
		`[a b="c"`:                       false,
		`[a b="c\"]`:                     false,
		`[a b="c\\\"]`:                   false,
		`[a b="c\`:                       false,
		`[a b="c]"]`:                     false,
		`[a b="c"d"]`:                    false,
		`[a b="c" ]`:                     false,
		`[a b="c"d="e"]`:                 false,
		`[a b=c]`:                        false,
		`[a b='c']`:                      false,
		`[a ="c"]`:                       false,
		`[a b]`:                          false,
		`[a=b c="d"]`:                    false,
		`[a"b c="d"]`:                    false,
		"[a\x01 c=\"d\"]":                false,
		"[a \u00e4=\"d\"]":               false,
		`[a]text`:                        false,
		`[a]-`:                           false,
		`[a][`:                           false,
		`[a][]`:                          false,
		`[a] [`:                          true,
		`x`:                              false,
		`"`:                              false,
	} {
		msg := "<13>1 2024-01-01T00:00:00Z h a p m " + data
		check(t, []row{{msg, want, "2024-01-01T00:00:00Z", "h a p"}}, RFC5424, now)
		if want && strings.HasSuffix(data, "]") {
			check(t, []row{{msg + " text", want, "2024-01-01T00:00:00Z", "h a p"}, {msg + "text", false, "2024-01-01T00:00:00Z", "h a p"}}, RFC5424, now)
		}
	}
}
