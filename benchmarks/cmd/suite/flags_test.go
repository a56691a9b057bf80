package main

import (
	"slices"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/benchmarks/internal/measure"
)

func TestFlags(t *testing.T) {
	o, err := parseFlags([]string{"-part=echo,idle", "-layout=two", "-conns=4,5", "-sizes=64", "-servers=core,uring:recv=multishot", "-slices=3", "-bulk-mib=2"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.conns, []int{4, 5}) || o.rounds != 3 || o.extra != 3 || o.bulkBytes != 2<<20 || len(o.servers) != 6 {
		t.Errorf("options %+v", o)
	}
	for _, bad := range []string{"-conns=0", "-conns=x", "-part=udp", "-layout=three", "-slice=1h", "-slices=0", "-servers=nginx",
		"-sizes=4", "-bulk-mib=5000", "-idle-conns=100000", "-rate=0", "more"} {
		if _, err := parseFlags([]string{bad}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestSmokeKeepsWhatIsGiven(t *testing.T) {
	o, err := parseFlags([]string{"-smoke", "-slices=5"})
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 5 || o.slice > 100*time.Millisecond || len(o.sizes) != 1 {
		t.Errorf("options %+v", o)
	}
	for _, w := range o.workloads() {
		for _, l := range w.layouts {
			if len(w.conns[l]) != 1 {
				t.Errorf("%s %s: %v", w.part, w.name, w.conns)
			}
		}
	}
}

func TestWorkloads(t *testing.T) {
	o, err := parseFlags(nil)
	if err != nil {
		t.Fatal(err)
	}
	cells, names := 0, map[string]bool{}
	for _, w := range o.workloads() {
		if names[w.part+w.name] {
			t.Errorf("two workloads %s %s", w.part, w.name)
		}
		names[w.part+w.name] = true
		for _, l := range w.layouts {
			cells += len(w.conns[l])
		}
	}
	// 3 sizes of echo, of which one has two more numbers of connections; 2
	// ingest; 3 http; 4 bulk and 2 files; accept.
	if want := 3*10 + 2 + 2 + 3*2*3 + 4*2 + 2 + 1; cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
	if o, err = parseFlags([]string{"-part=bulk", "-layout=one", "-conns=3"}); err != nil {
		t.Fatal(err)
	}
	for _, w := range o.workloads() {
		if !slices.Equal(w.layouts, []measure.Layout{measure.LayoutOne}) {
			t.Errorf("%s: layouts %v", w.name, w.layouts)
		}
	}
}

func specs(names ...string) (list []measure.Spec) {
	for _, n := range names {
		list = append(list, measure.Spec{Name: n, Kind: n})
	}
	return list
}

func TestGroupsFit(t *testing.T) {
	all := specs("std", "uring", "events", "c-uring", "gnet")
	if got := groups(all, 100, 19_500); len(got) != 1 || len(got[0]) != 5 {
		t.Errorf("100 connections: %v", got)
	}
	got := groups(all, 5000, 19_500)
	if len(got) != 3 {
		t.Fatalf("5000 connections: %v", got)
	}
	for _, g := range got {
		if len(g) > 3 || g[0].Name != "std" || g[1].Name != "c-uring" {
			t.Errorf("group %v", g)
		}
	}
	if got := groups(specs("std"), 30_000, 19_500); len(got) != 1 || len(got[0]) != 1 {
		t.Errorf("one that does not fit: %v", got)
	}
}

func TestSupports(t *testing.T) {
	for _, tt := range []struct {
		kind, proto string
		want        bool
	}{{"uring", "https", true}, {"gnet", "https", false}, {"c-uring", "http", false}, {"c-epoll", "sink", true}, {"fasthttp", "echo", false}, {"events", "sink", true}, {"events", "http", false}} {
		if got := supports(tt.kind, tt.proto); got != tt.want {
			t.Errorf("%s, %s: %v", tt.kind, tt.proto, got)
		}
	}
}
