package syslog

import (
	"testing"
)

// BenchmarkParse reads the headers of common senders, in a location without and in one with
// summer time.
func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, location, msg string }{
		{"5424", "UTC", "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - a text of some length that follows"},
		{"5424-data", "UTC", `<165>1 2003-08-24T05:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] text`},
		{"3164", "UTC", "<34>Mar  1 22:14:15 mymachine su[12]: a text of some length that follows the header of it"},
		{"3164-berlin", "Europe/Berlin", "<34>Mar  1 22:14:15 mymachine su[12]: a text of some length that follows the header of it"},
		{"3164-old", "UTC", "<34>Oct 11 22:14:15 mymachine su[12]: a text of some length that follows the header of it"},
		{"3164-iso", "UTC", "<34>2026-03-01T22:14:15.123456+01:00 mymachine su[12]: a text of some length that follows"},
		{"cisco", "UTC", "<189>29: 000123: *Mar  1 18:46:11.123 UTC: %SYS-5-CONFIG_I: Configured from console by vty2 (10.34.195.36)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			msg, now := []byte(c.msg), now.In(location(b, c.location))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := Parse(msg, now); !ok {
					b.Fatal("malformed")
				}
			}
		})
	}
}
