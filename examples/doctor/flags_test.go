package main

import (
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	o, err := parseFlags(nil)
	if err != nil || o.conns != 100 || o.slice != 100*time.Millisecond || o.slices != 6 || o.port != 0 || o.url != nil {
		t.Errorf("without flags: %+v, %v", o, err)
	}
	o, err = parseFlags([]string{"-quick", "-slices=9"})
	if err != nil || o.slice != quickSlice || o.slices != 9 {
		t.Errorf("-quick -slices=9: %+v, %v", o, err)
	}
	o, err = parseFlags([]string{"-url=http://localhost:1/a", "-rate=5", "-for=1s", "-conns=3"})
	if err != nil || o.url.Host != "localhost:1" || o.rate != 5 || o.length != time.Second || o.conns != 3 {
		t.Errorf("with a service: %+v, %v", o, err)
	}
}

func TestBadFlags(t *testing.T) {
	service := "-url=http://127.0.0.1:1/"
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-conns=0"}, "-conns 0: want 1 to 1000"},
		{[]string{"-conns=many"}, "-conns many: want 1 to 1000"},
		{[]string{"-slice=1ms"}, "-slice 1ms: want 10ms to 1s"},
		{[]string{"-slice=5"}, "-slice 5: want 10ms to 1s"},
		{[]string{"-slices=0"}, "-slices 0: want 1 to 100"},
		{[]string{"-port=65535"}, "-port 65535: want 1 to 65534, or 0"},
		{[]string{"-rate=5"}, "-rate 5: want -url"},
		{[]string{"-remote"}, "-remote true: want -url"},
		{[]string{service, "-rate=0"}, "-rate 0: want 1 to 1000000"},
		{[]string{service, "-for=1y"}, "-for 1y: want 10ms to 1h0m0s"},
		{[]string{service, "-slices=3"}, "-slices 3: want no -url"},
		{[]string{"-url="}, "-url : want http://HOST:PORT/PATH"},
		{[]string{"-url=ftp://127.0.0.1/"}, "-url ftp://127.0.0.1/: want http://HOST:PORT/PATH"},
		{[]string{"-url=127.0.0.1:80"}, "-url 127.0.0.1:80: want http://HOST:PORT/PATH"},
		{[]string{"-url=http:///path"}, "-url http:///path: want http://HOST:PORT/PATH"},
		{[]string{"-nonsense"}, "-nonsense"},
		{[]string{"stray"}, `unexpected argument "stray"`},
	} {
		out, complaint := runs(t, 2, tt.args...)
		if !strings.HasPrefix(complaint, "doctor: ") || !strings.Contains(complaint, tt.want) || out != "" {
			t.Errorf("%q: %q and %q; want %q", tt.args, out, complaint, tt.want)
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	out, complaint := runs(t, 0, "-h")
	for _, name := range append(append([]string{"json", "conns", "url"}, flagsOfService...), flagsOfSideBySide...) {
		if !strings.Contains(out, "  -"+name) {
			t.Errorf("no -%s in the help:\n%s", name, out)
		}
	}
	if complaint != "" {
		t.Errorf("help complains: %s", complaint)
	}
}
