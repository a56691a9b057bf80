package syslog

import (
	"strings"
	"testing"
)

// Test3164Times checks the forms of times, which are received in Berlin.
func Test3164Times(t *testing.T) {
	const (
		local = "2026-03-05T11:00:00+01:00"
		milli = "2026-03-05T11:00:00.123+01:00"
		utc   = "2026-03-05T11:00:00Z"
	)
	good := map[string]string{
		"Mar  5 11:00:00": local, "Mar 5 11:00:00": local, "Mar 05 11:00:00": local, "Mar  05 11:00:00": local,
		"mar  5 11:00:00": local, "MAR  5 11:00:00": local,
		"Mar  5 11:00:60":      "2026-03-05T11:00:59+01:00",
		"Mar  5 2026 11:00:00": local, "Mar 5 2026 11:00:00": local, "2026 Mar  5 11:00:00": local, "2026 Mar 5 11:00:00": local, "2026 Mar 05 11:00:00": local,
		"Mar  5 1999 11:00:00": "1999-03-05T11:00:00+01:00", "1999 Jul  5 11:00:00": "1999-07-05T11:00:00+02:00",
		"Mar  5 11:00:00.123": milli, "Mar  5 11:00:00,123": milli, "Mar  5 2026 11:00:00.123": milli,
		"Mar  5 11:00:00.1234567899": "2026-03-05T11:00:00.123456789+01:00",
		"Mar  5 11:00:00:":           local, "Mar  5 11:00:00.123:": milli, "*Mar  5 11:00:00.123:": milli, ".Mar  5 11:00:00.123:": milli, "*Mar  5 11:00:00": local,
		"Mar  5 11:00:00 UTC": utc, "Mar  5 11:00:00 UTC:": utc, "*Mar  5 11:00:00.5 GMT:": "2026-03-05T11:00:00.5Z", "Mar  5 2026 11:00:00 UTC:": utc,
		"Mar  5 11:00:00 CET": local, "Mar  5 11:00:00 EST:": "2026-03-05T11:00:00-05:00", "Mar  5 11:00:00 PDT:": "2026-03-05T11:00:00-07:00",
		"Mar  5 11:00:00 JST:": "2026-03-05T11:00:00+09:00", "Mar  5 11:00:00 NZDT:": "2026-03-05T11:00:00+13:00",
		"Mar  5 11:00:00 +0530": "2026-03-05T11:00:00+05:30", "Mar  5 11:00:00 -08:00": "2026-03-05T11:00:00-08:00", "Mar  5 11:00:00Z": utc, "Mar  5 11:00:00+01:00": local,
		"000123: Mar  5 11:00:00": local, "000123: *Mar  5 11:00:00.123:": milli, "29: 000123: *Mar  5 11:00:00.123:": milli, "29:Mar  5 11:00:00": local,
		": 2026 Mar  5 11:00:00 UTC:":     utc,
		"Mar  5 11:00:00.123 :":           milli,
		"2026-03-05T11:00:00Z":            utc,
		"2026-03-05T11:00:00":             local,
		"2026-03-05 11:00:00":             local,
		"2026-03-05 11:00:00,123":         milli,
		"2026-03-05 11:00:00.123":         milli,
		"2026-03-05T11:00:00+0100":        local,
		"2026-03-05T11:00:00+01":          local,
		"2026-03-05T11:00:00+0000":        utc,
		"2026-03-05 11:00:00 +0000":       utc,
		"2026-03-05 11:00:00 UTC":         utc,
		"2026-03-05T11:00:00.123+01:00":   milli,
		"2026-03-05T11:00:00.123+01:00:":  milli,
		"2026-03-05T11:00:60Z":            "2026-03-05T11:00:59Z",
		"2026-07-05T11:00:00":             "2026-07-05T11:00:00+02:00", // the date's offset
		"2026-03-05T11:00:00.1234567891Z": "2026-03-05T11:00:00.123456789Z",
	}
	received := now.In(location(t, "Europe/Berlin"))
	for stamp, want := range good {
		text, fields := " host app[12]: text", "host app 12"
		if strings.HasSuffix(stamp, ":") {
			text, fields = " %SYS-5-CONFIG_I: text", "- %SYS-5-CONFIG_I -"
		}
		check(t, []row{{"<13>" + stamp + text, true, want, fields}, {"<13>  " + stamp + text, true, want, fields}, {"<13>" + stamp, false, want, "- - -"}}, RFC3164, received)
	}
	for _, stamp := range []string{
		"", " ", "M", "Mar", "Mar  5", "Mar  5 11:00", "Mar  5 11:00:0", "Mar  5 1:00:00", "Mar  0 11:00:00", "Mar 32 11:00:00", "Mar 311 11:00:00", "Mar   5 11:00:00", "Mar  5  11:00:00", "Feb 30 11:00:00", "Apr 31 11:00:00",
		"Mar  5 24:00:00", "Mar  5 1::00:00", "Mar  5 11:0?:00", "Mar  5 11:00:0<", "Mar  5 11:00:/0", "Mar  5 11;00:00", "Mar  5 \xb11:00:00", "Mar  5 11:60:00", "Mar  5 11:00:61", "Mar  5 11:00:00x", "Mar  5 11-00-00", "Mrz  5 11:00:00", "Mar-05 11:00:00", "Mar  x 11:00:00", "March 5 11:00:00",
		"Feb 29 2025 11:00:00", "2025 Feb 29 11:00:00", "Mar  5 9999 11:00:00", "Mar  5 0026 11:00:00", "26 Mar  5 11:00:00", "2026 Mrz  5 11:00:00", "2026Mar  5 11:00:00",
		"2026-03-05", "2026-03-05T", "2026-03-05X11:00:00", "2026-02-29T11:00:00", "2026-13-05T11:00:00", "2026-03-05T11:00", "2026-03-05T11:00:00x", "2026-03-05T11:00:00+24:00", "2026/03/05 11:00:00",
		"**Mar  5 11:00:00", "x 123: Mar  5 11:00:00", "12345678901:Mar  5 11:00:00", "1::Mar  5 11:00:00", "1: 2: 3: 4: Mar  5 11:00:00", "123 Mar  5 11:00:00",
		"Feb 29 11:00:00", // no leap year within one of 2026-03-05
	} {
		check(t, []row{{"<13>" + stamp + " host app[12]: text", false, "", "- - -"}, {"<13>" + stamp, false, "", "- - -"}}, RFC3164, received)
	}
}

// Test3164Names checks what follows the time, and origins before it.
func Test3164Names(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for rest, want := range map[string]string{
		"host app[12]: text": "host app 12", "host app: text": "host app -", "host app[12] text": "host app 12", "host app:text": "host app -",
		"host app[12]:": "host app 12", "host app:": "host app -", "host app[12]": "host app 12", "host": "host - -", "host ": "host - -", "host  app: text": "host app -",
		"app[12]: text": "- app 12", "app: text": "- app -", "su[12]": "- su 12", "app:text": "- app -", "(root)[1]: x": "- (root) 1",
		"host words of text": "host - -", "host app [12]: text": "host - -", "host 12: text": "host - -", "host see http://x": "host - -", "host http://x": "host - -",
		"host postfix/smtpd[12]: x": "host postfix/smtpd 12", "postfix/smtpd[12]: x": "- postfix/smtpd 12", "host app[12.34]: x": "host app 12.34", "host app[a b]: x": "host - -", "host app[12": "host - -",
		"host app[12]x: y": "host - -", "host app[]: x": "host app -", "host app[" + long(128) + "]: x": "host app " + long(128), "host app[" + long(129) + "]: x": "host - -",
		"host " + long(48) + ": x": "host " + long(48) + " -", "host " + long(49) + ": x": "host - -",
		long(255) + " app: x": long(255) + " app -", long(256) + " app: x": "- - -",
		"192.0.2.1 app: x": "192.0.2.1 app -", "2001:db8::1 app: x": "2001:db8::1 app -", "fe80::1%eth0 app: x": "fe80::1%eth0 app -", "[192.0.2.1] app: x": "[192.0.2.1] app -", "[2001:db8::1] app: x": "[2001:db8::1] app -",
		"fe80::1%\x1b[0m app: x": "- fe80 -", "::1%\x1b0": "- - -", "::1 app: x": "::1 app -", "a:b app: x": "- a -", "dead:beef: x": "- dead -", "[ 12.34] x": "- - -", "[12] x": "- - -", "[::1": "- - -",
		"src@relay/host app: x": "src@relay/host app -", "h\u00f6st app: x": "h\u00f6st app -", "host \u00e4pp: x": "host - -",
		`{"a":1}`: "- - -", `host {"a":1}`: "host - -", "host : %ASA-6-302013: x": "host %ASA-6-302013 -", "host \x1b[2J: x": "host - -", "\x01: x": "- - -",
		"UTX app: x": "UTX app -", "WEB01 app: x": "WEB01 app -", "CRON[12]: x": "- CRON 12", "SU: x": "- SU -", "-x app: y": "-x app -",
	} {
		check(t, []row{{"<13>Mar  5 11:00:00 " + rest, true, "2026-03-05T11:00:00Z", want}, {"<13>2026-03-05T11:00:00Z " + rest, true, "2026-03-05T11:00:00Z", want}}, RFC3164, now)
	}
	check(t, []row{ // a zone that nobody knows, and the tags that are not one
		{"<189>Mar  5 11:00:00 XYZT: %SYS-5-A: x", true, "2026-03-05T11:00:00Z", "- %SYS-5-A -"},
		{"<189>Mar  5 11:00:00 XYZT: text", true, "2026-03-05T11:00:00Z", "- XYZT -"},
		{"<189>Mar  5 11:00:00 XYZTUV: %SYS-5-A: x", true, "2026-03-05T11:00:00Z", "- XYZTUV -"},
		{"<189>Mar  5 11:00:00Z XYZT: %SYS-5-A: x", true, "2026-03-05T11:00:00Z", "- XYZT -"},
	}, RFC3164, now)
	for before, want := range map[string]string{
		"29: router1: *": "router1 %SYS-5-CONFIG_I -", "29: router1: 000123: .": "router1 %SYS-5-CONFIG_I -", "router1: ": "router1 %SYS-5-CONFIG_I -", "29: 192.0.2.1: ": "192.0.2.1 %SYS-5-CONFIG_I -", "29: 2001:db8::1: *": "2001:db8::1 %SYS-5-CONFIG_I -",
	} {
		check(t, []row{{"<189>" + before + "Mar  5 11:00:00.5 UTC: %SYS-5-CONFIG_I: text", true, "2026-03-05T11:00:00.5Z", want}}, RFC3164, now)
	}
	for _, before := range []string{"29: a: b: ", "router1 ", "router1:", "29 router1: ", long(256) + ": ", "29: a\": "} {
		check(t, []row{{"<189>" + before + "Mar  5 11:00:00.5 UTC: %SYS-5-CONFIG_I: text", false, "", "- - -"}}, RFC3164, now)
	}
}
