package main

import (
	"io"
	"strings"
	"testing"
)

// TestUsage: a refusal names the flag, what was given and what is wanted.
func TestUsage(t *testing.T) {
	for want, args := range map[string][]string{
		`-to "": want the address`:                   {},
		`-proto "syslog": want relp or lines`:        {"-to=a:1", "-proto=syslog"},
		`-state "x": want it with -file`:             {"-to=a:1", "-state=x"},
		`-from-end "true": want it with -file`:       {"-to=a:1", "-from-end"},
		`-to "a": want host:port`:                    {"-to=a"},
		`-to "b:2,a": want host:port`:                {"-to=b:2,a"},
		`unexpected argument "x"`:                    {"-to=a:1", "x"},
		`-max-line "1": want 512 to 16777216`:        {"-to=a:1", "-max-line=1"},
		`-tls-ca "x": want it with -tls`:             {"-to=a:1", "-ca=x"},
		`-tls-name "x": want it with -tls`:           {"-to=a:1", "-server-name=x"},
		`-tls-cert "x": want it with -tls`:           {"-to=a:1", "-tls-cert=x", "-tls-key=y"},
		`-tls-key "": want it and -tls-cert`:         {"-to=a:1", "-tls", "-tls-cert=x"},
		`-tls-ca "/nonexistent": want a file`:        {"-to=a:1", "-tls", "-tls-ca=/nonexistent"},
		`-tls-cert "/x", -tls-key "/y": want a cert`: {"-to=a:1", "-tls", "-tls-cert=/x", "-tls-key=/y"},
		`-window "0": want 1 to 1048576`:             {"-to=a:1", "-window=0"},
		`-rotate-wait "2h": want a duration`:         {"-to=a:1", "-rotate-wait=2h"},
		`-rescan "1ms": want a duration`:             {"-to=a:1", "-rescan=1ms"},
		`-tls-name "": want the name`:                {"-to=unix:/x", "-tls"},
		`-file "b,a.gz": want files that are not`:    {"-to=a:1", "-file=b,a.gz"},
		`-file "[": want a path or a pattern`:        {"-to=a:1", "-file=["},
	} {
		var stderr syncBuffer
		if code := run(t.Context(), args, nil, io.Discard, &stderr); code != 2 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: exit code %d, %q; want %q", args, code, stderr.String(), want)
		}
	}
	var stdout syncBuffer
	if code := run(t.Context(), []string{"-h"}, nil, &stdout, io.Discard); code != 0 {
		t.Errorf("-h: %d", code)
	}
	for _, want := range []string{"-from-end", "first 256 bytes and the 64", "in pieces of that while it is read", "NULs"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("-h has no %q: %s", want, stdout.String())
		}
	}
}
