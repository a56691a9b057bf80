package suite

import (
	"fmt"
	"slices"

	"github.com/uringnet/go-uringnet/internal/bench/report"
)

// notPeers are the servers that are not another Go library.
var notPeers = []string{Std, Subject, "events", Ceiling, "c-epoll", "fasthttp-uring"}

// summaryTable has a line for each cell: what the engine is to std and to the
// ceiling, and who is best among the others.
func (r *Result) summaryTable() table {
	t := table{machine: r.machines(), title: "Summary: uring in each cell", columns: []string{
		"workload", "throughput × std", "× C", "CPU × std", "p99 × std", "syscalls, std / uring", "events × std", "best Go peer × std",
	}}
	for _, g := range r.Groups() {
		subject := g.Ratio(Throughput, Subject, Std)
		if subject.N == 0 {
			continue
		}
		worse := func(m Metric, s report.Spread) text { return text{ratioText(s), m.worse(s)} }
		t.rows = append(t.rows, []text{
			{s: g.Key().String()},
			worse(Throughput, subject),
			{s: ratioText(g.Ratio(Throughput, Subject, Ceiling))},
			worse(CPU, g.Ratio(CPU, Subject, Std)),
			worse(P99, g.Ratio(P99, Subject, Std)),
			{s: g.calls(Std) + " / " + g.calls(Subject)},
			worse(Throughput, g.Ratio(Throughput, "events", Std)),
			{s: g.bestPeer()},
		})
	}
	return t
}

func (g *Group) calls(server string) string {
	return Syscalls.format(report.NewSpread(g.values(Syscalls, server)))
}

// bestPeer is the peer with the highest throughput.
func (g *Group) bestPeer() string {
	name, best := "", report.Spread{}
	for _, row := range g.Rows() {
		if slices.Contains(notPeers, row.Server) || row.Server == "fasthttp" || isUring(row.Server) {
			continue
		}
		if s := g.Ratio(Throughput, row.Server, Std); s.N > 0 && s.Median > best.Median {
			name, best = row.Server, s
		}
	}
	if name == "" {
		return "–"
	}
	return fmt.Sprintf("%s %s", name, ratioText(best))
}
