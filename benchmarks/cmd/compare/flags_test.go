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
	for _, bad := range []string{"-conns=0", "-conns=x", "-proto=udp", "-layout=three", "-slice=1h", "-slices=0", "-buf=0", "-others=0", "-others=NaN", "-others=2000", "more"} {
		if _, err := parseFlags([]string{bad}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestAdoptFlags(t *testing.T) {
	o, err := parseFlags([]string{"-adopt=./a,example.com/b@v1.0.0", "-adopt-args=-listen {addr}", "-rate=0,5000", "-proto=redis"})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.adopt) != 2 || len(o.adoptArgs) != 2 || !slices.Equal(o.rates, []float64{0, 5000}) || o.programProto != "redis" || len(o.servers) != 2 {
		t.Errorf("options %+v", o)
	}
	for _, bad := range [][]string{
		{"-adopt=example.com/b"}, {"-adopt=./a", "-rate=x"}, {"-adopt=./a", "-rate=-1"}, {"-adopt=./a", "-rate=2000000"},
		{"-adopt=./a", "-proto=gopher"}, {"-rate=5"}, {"-adopt-args=x"},
	} {
		if _, err := parseFlags(bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
