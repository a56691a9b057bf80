package main

import (
	"slices"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	o, err := parseFlags([]string{"-time=2s", "-slice=100ms", "-conns=4", "-proto=http", "-layout=two"})
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 10 || !slices.Equal(o.conns, []int{4}) || o.slice != 100*time.Millisecond {
		t.Errorf("options %+v", o)
	}
	for _, bad := range []string{"-conns=0", "-conns=x", "-proto=udp", "-layout=three", "-slice=1h", "-slices=0", "-buf=0", "more"} {
		if _, err := parseFlags([]string{bad}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
