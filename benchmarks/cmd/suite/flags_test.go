package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/benchmarks/internal/suite"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
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
		"-sizes=4", "-bulk-mib=5000", "-idle-conns=100000", "-rate=0", "-shares=0", "-shares=a", "-shares=200", "-burst=0", "more"} {
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
	// ingest; 3 http, of which one has three more; 4 bulk and 4 files; accept; 2 at 4
	// constant rates; 2 in company; 7 with dear system calls.
	if want := 3*10 + 2 + 2 + 3*2*3 + 3 + 4*2 + 4 + 1 + 2*4*3 + 2 + 7; cells != want {
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

func TestOrdinaryWorkloads(t *testing.T) {
	o, err := parseFlags([]string{"-part=rate,company,dear", "-shares=10,60", "-only=http"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range o.workloads() {
		if !w.core || w.proto != "http" {
			t.Errorf("%+v", w)
		}
		got = append(got, fmt.Sprintf("%s %s %v %.2f %v", w.part, w.name, w.layouts, w.share, w.dear))
	}
	want := []string{
		"rate http hello, 10 % [two] 0.10 0s",
		"rate http hello, 60 % [two] 0.60 0s",
		"dear 600 ns, http hello [one] 0.00 600ns",
		"dear 400 ns, http hello, 25 % [two] 0.25 400ns",
		"dear 1000 ns, http hello, 25 % [two] 0.25 1µs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("workloads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if o, err = parseFlags([]string{"-part=company", "-smoke"}); err != nil {
		t.Fatal(err)
	}
	for _, w := range o.workloads() {
		if w.neighbour != slices.Equal(w.layouts, []measure.Layout{measure.LayoutOne}) || (w.proto == "fsync") != (w.share > 0) {
			t.Errorf("%+v", w)
		}
	}
}

// TestTargetsNameWorkloads finds for each target a cell that it is about.
func TestTargetsNameWorkloads(t *testing.T) {
	o, err := parseFlags(nil)
	if err != nil {
		t.Fatal(err)
	}
	var r suite.Result
	for _, w := range o.workloads() {
		for _, l := range w.layouts {
			for _, n := range w.conns[l] {
				c := suite.Cell{Part: w.part, Workload: w.name, Paced: w.paced}
				c.Layout, c.Conns = l, n
				for _, name := range []string{"std", "uring", "events", "c-uring"} {
					s := measure.Slice{Requests: 1, Total: 1, CPU: 1, Length: 1, P50: 1, P99: 1, P999: 1}
					c.Servers = append(c.Servers, measure.Server{Name: name, Slices: []measure.Slice{s}, Slowest: 1, Fastest: 1})
				}
				r.Cells = append(r.Cells, c)
			}
		}
	}
	for _, v := range r.Verdicts() {
		if v.Cells == 0 && !strings.Contains(v.Where, "idle") {
			t.Errorf("no cell for %s: %s", v.Where, v.Wanted)
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
	}{{"uring", "https", true}, {"gnet", "https", false}, {"c-uring", "http", false}, {"c-epoll", "sink", true}, {"fasthttp", "echo", false}, {"events", "sink", true}, {"events", "http", false}, {"events", "fsync", true}, {"c-epoll", "fsync", false}, {"gnet", "fileserver", false}, {"std", "fileserver", true}} {
		if got := supports(tt.kind, tt.proto); got != tt.want {
			t.Errorf("%s, %s: %v", tt.kind, tt.proto, got)
		}
	}
}
