package suite

import (
	"bytes"
	"encoding/xml"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// server makes one that does what std does, so many times as fast.
func server(name string, speed float64) measure.Server {
	calls := 3 / speed
	s := measure.Server{Name: name, SyscallsPerReq: &calls, Slowest: .9, Fastest: 1.1}
	for _, base := range []float64{1000, 2000, 4000} {
		n := uint64(base * speed)
		s.Slices = append(s.Slices, measure.Slice{
			Requests: n, Total: n, Length: time.Second, CPU: time.Second,
			P50: int64(1e6 / speed), P99: int64(2e6 / speed), P999: int64(3e6 / speed),
		})
	}
	return s
}

// cell makes a cell of servers.
func cell(part, workload string, conns int, servers ...measure.Server) Cell {
	return Cell{Part: part, Workload: workload, Unit: "req", Cell: measure.Cell{
		Layout: measure.LayoutTwo, Conns: conns, Size: 64, Slice: time.Second, Servers: servers,
	}}
}

var host = measure.Host{
	Command: "suite", Kernel: "6.1", CPUs: 2, CPUModel: "abacus", Go: "go1", Commit: "abc", NullCall: 123, Congestion: "reno",
}

func sample() *Result {
	lost := measure.Server{Name: "rio", Failed: "rio: round 2: it <hung>\nand more"}
	none := measure.Server{Name: "gnet", Failed: "not supported: x", Unsupported: true}
	return &Result{
		Hosts: []measure.Host{host},
		Cells: []Cell{
			cell("http", "hello", 100, server("std", 1), server("uring", .8)),
			cell("echo", "64 B", 100, server("std", 1), server("uring", 1.5), server("c-uring", 2), lost, none),
			cell("echo", "64 B", 16, server("std", 1), server("uring", 1.2), server("c-uring", 1.25)),
		},
		Idle: []IdleCell{{Layout: measure.LayoutTwo, Conns: 100, Servers: []IdleServer{
			{Name: "std", Rounds: []IdleRound{{Conns: 100, After: Memory{RSS: 100_000, Slab: 50_000}, P50: 1000, P99: 2000}}},
			{Name: "uring", Rounds: []IdleRound{{Conns: 100, After: Memory{RSS: 200_000, Slab: 40_000}, P50: 1000, P99: 1000}}},
		}}},
		Notes: []string{"something was left out"},
	}
}

func TestGroupsAreSorted(t *testing.T) {
	var got []string
	for _, g := range sample().Groups() {
		got = append(got, g.Key().String())
	}
	want := "echo 64 B, 16 connections, two shared CPUs; echo 64 B, 100 connections, two shared CPUs; http hello, 100 connections, two shared CPUs"
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("groups %s", s)
	}
}

func TestRatiosToBothReferences(t *testing.T) {
	g := sample().Groups()[1]
	rows := g.Rows()
	if len(rows) != 4 { // gnet does not have the protocol
		t.Fatalf("%d rows", len(rows))
	}
	uring := rows[1].Figures
	for _, tt := range []struct {
		m            Metric
		std, ceiling float64
	}{{Throughput, 1.5, .75}, {CPU, 1 / 1.5, 1 / .75}, {Syscalls, 1 / 1.5, 1 / .75}, {P99, 1 / 1.5, 1 / .75}, {Slowest, 1, 1}} {
		f := uring[tt.m]
		if !near(f.Std.Median, tt.std) || !near(f.Ceiling.Median, tt.ceiling) {
			t.Errorf("%s: %v to std, %v to C", metrics[tt.m].name, f.Std.Median, f.Ceiling.Median)
		}
	}
	if rows[3].Failed == "" || rows[3].Figures[Throughput].Abs.N != 0 {
		t.Errorf("a server that failed: %+v", rows[3])
	}
}

func near(a, b float64) bool { return a > b*.99 && a < b*1.01 }

func TestMergePoolsRatios(t *testing.T) {
	r := sample()
	r.Merge(&Result{Cells: []Cell{cell("echo", "64 B", 16, server("std", 1), server("uring", 1.4))}, Notes: r.Notes})
	g := r.Groups()[0]
	if s := g.Ratio(Throughput, "uring", "std"); s.N != 6 || !near(s.Median, 1.3) {
		t.Errorf("pooled %+v", s)
	}
	if len(r.Notes) != 1 {
		t.Errorf("notes %q", r.Notes)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	file := filepath.Join(t.TempDir(), "suite.json")
	r := sample()
	if err := r.WriteJSON(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file, file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Cells) != 6 || len(got.Idle) != 2 || len(got.Hosts) != 2 || got.Cells[0].Part != "http" || len(got.Cells[0].Servers) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestMarkdownMarksLosses(t *testing.T) {
	md := string(sample().Markdown())
	for _, want := range []string{"🔴 **0.80 (0.80–0.80)**", "🔴 **uring**", "something was left out", "rio failed: rio: round 2: it <hung> and more", "🔴 **2.00**"} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q in\n%s", want, md)
		}
	}
	bars := 0
	for line := range strings.Lines(md) {
		if !strings.HasPrefix(line, "|") {
			bars = 0
			continue
		}
		if n := strings.Count(line, "|"); bars != 0 && n != bars {
			t.Errorf("%d bars, want %d: %s", n, bars, line)
		} else {
			bars = n
		}
	}
}

// TestHTMLIsWellFormed reads it as XML, which holds for all of it but the head.
func TestHTMLIsWellFormed(t *testing.T) {
	_, body, _ := bytes.Cut(sample().HTML(), []byte("</head>"))
	body = bytes.Replace(body, []byte("</html>"), nil, 1)
	d := xml.NewDecoder(bytes.NewReader(body))
	svgs, bad := 0, 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if e.Name.Local == "svg" {
			svgs++
		}
		for _, a := range e.Attr {
			switch {
			case a.Name.Local == "href" || a.Name.Local == "src":
				t.Errorf("%s refers to %s", e.Name.Local, a.Value)
			case a.Name.Local == "class" && strings.Contains(a.Value, "bad"):
				bad++
			}
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("%s %s=%q", e.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
	if svgs != 4 || bad == 0 {
		t.Errorf("%d plots and %d red things", svgs, bad)
	}
}

func TestTerminalIsRedOnDemand(t *testing.T) {
	for _, color := range []bool{false, true} {
		var b bytes.Buffer
		p := Terminal{W: &b, Color: color}
		r := sample()
		for _, g := range r.Groups() {
			p.Group(g)
		}
		p.Idle(r, &r.Idle[0])
		p.Targets(r)
		if got := strings.Contains(b.String(), "\x1b[31m0.80"); got != color {
			t.Errorf("color %v:\n%s", color, b.String())
		}
	}
}

func TestVerdicts(t *testing.T) {
	verdicts := map[string]Verdict{}
	for _, v := range sample().Verdicts() {
		verdicts[v.Where+"; "+v.Wanted] = v
	}
	for key, want := range map[string]string{
		"echo 64 B, 100 connections, two shared CPUs; throughput to std at least 1.37":     "met",
		"echo 64 B, 16 connections, two shared CPUs; throughput to std at least 1.40":      "missed",
		"echo 64 B, 1 connection, two shared CPUs; throughput to std at least 1.10":        "not measured",
		"every other cell; p99 to std at most 1.00":                                        "missed",
		"every other cell; slowest to std at least 0.95":                                   "met",
		"rate http hello; p99 to std at most 1.00":                                         "not measured",
		"idle connections; bytes of the process and the kernel each, to std, at most 1.00": "missed",
		"one active among idle; p99 to std at most 1.00":                                   "met",
	} {
		v, ok := verdicts[key]
		if !ok {
			t.Errorf("no verdict %s", key)
		} else if v.State() != want {
			t.Errorf("%s: %s (%+v), want %s", key, v.State(), v, want)
		}
	}
}

func TestVerdictJudgesWhatIsPrinted(t *testing.T) {
	for _, tt := range []struct {
		got    report.Spread
		bound  float64
		atMost bool
		want   string
	}{
		{report.Spread{Q1: .9, Median: .996, Q3: 1.1, N: 5}, 1, false, "met"},
		{report.Spread{Q1: .9, Median: .98, Q3: 1.1, N: 5}, 1, false, "missed, within the spread"},
		{report.Spread{Q1: .9, Median: .98, Q3: .99, N: 5}, 1, false, "missed"},
		{report.Spread{Q1: .9, Median: 1.2, Q3: 1.3, N: 5}, 1, true, "missed, within the spread"},
		{report.Spread{Q1: 1.1, Median: 1.2, Q3: 1.3, N: 5}, 1, true, "missed"},
		{report.Spread{}, 1, true, "not measured"},
	} {
		v := Verdict{Near: true}
		v.add("here", tt.got, tt.bound, tt.atMost)
		if v.State() != tt.want {
			t.Errorf("%+v against %v: %s, want %s", tt.got, tt.bound, v.State(), tt.want)
		}
	}
}

func TestSummaryHasALineForEachCell(t *testing.T) {
	r := sample()
	r.Cells[2].Servers = append(r.Cells[2].Servers, server("gnet", 1.1), server("nbio", .5))
	var got []string
	for _, row := range r.summaryTable().rows {
		line := []string{row[0].s, row[1].s, row[2].s, row[5].s, row[7].s}
		if row[1].bad {
			line = append(line, "red")
		}
		got = append(got, strings.Join(line, " | "))
	}
	want := []string{
		"echo 64 B, 16 connections, two shared CPUs | 1.20 (1.20–1.20) | 0.96 (0.96–0.96) | 3.00 / 2.50 | gnet 1.10 (1.10–1.10)",
		"echo 64 B, 100 connections, two shared CPUs | 1.50 (1.50–1.50) | 0.75 (0.75–0.75) | 3.00 / 2.00 | –",
		"http hello, 100 connections, two shared CPUs | 0.80 (0.80–0.80) | – | 3.00 / 3.75 | – | red",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("summary:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSVG checks that the picture stands alone, and has a row for each cell of uringnet's.
func TestSVG(t *testing.T) {
	r := sample()
	picture := r.SVG()
	d := xml.NewDecoder(bytes.NewReader(picture))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
	}
	if !bytes.Contains(picture, []byte(`xmlns="http://www.w3.org/2000/svg"`)) || !bytes.Contains(picture, []byte("<style>")) {
		t.Errorf("the picture needs a page around it: %s", picture)
	}
	if rows := bytes.Count(picture, []byte("<circle")); rows < 1 {
		t.Error("no cell is drawn")
	}
}
