package suite

import (
	"slices"

	"github.com/uringnet/go-uringnet/benchmarks/internal/report"
)

// notPeers are the servers that are not another Go library.
var notPeers = []string{Std, Subject, "events", Ceiling, "c-epoll", "fasthttp-uring"}

// peerVerdicts judges whether the subject is ahead of every peer in every
// cell: in throughput, or in CPU where the rate is fixed.
func peerVerdicts(groups []*Group) []Verdict {
	var names []string
	verdicts := map[string]*Verdict{}
	for _, g := range groups {
		for _, row := range g.Rows() {
			name := row.Server
			if slices.Contains(notPeers, name) || isUring(name) || g.Key().Part == "http" && name == "fasthttp" {
				continue // net/http does more than fasthttp, whatever is below
			}
			v := verdicts[name]
			if v == nil {
				v = &Verdict{Where: "every cell", Wanted: "ahead of " + name, Near: true}
				verdicts[name] = v
				names = append(names, name)
			}
			got := g.between(g.Score(), Subject, name)
			if g.Score() == CPU {
				got = inverse(got)
			}
			v.add(g.Key().String(), got, 1, false)
		}
	}
	fast := Verdict{Where: "every cell", Wanted: "fasthttp ahead on uring", Near: true}
	for _, g := range groups {
		fast.add(g.Key().String(), g.Ratio(g.Score(), "fasthttp-uring", "fasthttp"), 1, false)
	}
	var all []Verdict
	for _, name := range names {
		all = append(all, *verdicts[name])
	}
	return append(all, fast)
}

// between compares two servers: in the same rounds, or where they were never in
// the same, by what each is to std.
func (g *Group) between(m Metric, a, b string) report.Spread {
	if direct := g.Ratio(m, a, b); direct.N > 0 {
		return direct
	}
	x, y := g.Ratio(m, a, Std), g.Ratio(m, b, Std)
	if x.N == 0 || y.N == 0 || y.Median == 0 {
		return report.Spread{}
	}
	return report.NewSpread([]float64{x.Median / y.Median})
}

func inverse(s report.Spread) report.Spread {
	if s.N == 0 || s.Q1 == 0 {
		return report.Spread{}
	}
	return report.Spread{Q1: 1 / s.Q3, Median: 1 / s.Median, Q3: 1 / s.Q1, N: s.N}
}

// idleVerdicts judges what an idle connection costs.
func (r *Result) idleVerdicts() []Verdict {
	rss := Verdict{Where: "idle connections", Wanted: "server's bytes each, to std, at most 1.00", Near: true}
	kernel := Verdict{Where: "idle connections", Wanted: "kernel's bytes each, to std, at most 1.00", Near: true}
	p99 := Verdict{Where: "one active among idle", Wanted: "p99 to std at most 1.00", Near: true}
	for _, c := range r.Idle {
		s, base := c.find(Subject), c.find(Std)
		if s == nil || base == nil {
			continue
		}
		where := plural(c.Conns, "idle connection")
		rss.add(where, s.ratio(base, IdleRound.RSSPerConn), 1, true)
		kernel.add(where, s.ratio(base, IdleRound.KernelPerConn), 1, true)
		p99.add(where, s.ratio(base, idleP99), 1, true)
	}
	return []Verdict{rss, kernel, p99}
}

func idleP50(r IdleRound) float64 { return float64(r.P50) / 1e3 }
func idleP99(r IdleRound) float64 { return float64(r.P99) / 1e3 }
func idleCPU(r IdleRound) float64 { return 100 * r.IdleCPU }

func (c *IdleCell) find(name string) *IdleServer {
	for i := range c.Servers {
		if c.Servers[i].Name == name {
			return &c.Servers[i]
		}
	}
	return nil
}

func (s *IdleServer) values(f func(IdleRound) float64) []float64 {
	values := make([]float64, len(s.Rounds))
	for i, r := range s.Rounds {
		values[i] = f(r)
	}
	return values
}

// ratio compares round by round.
func (s *IdleServer) ratio(base *IdleServer, f func(IdleRound) float64) report.Spread {
	if s == nil || base == nil {
		return report.Spread{}
	}
	return report.NewSpread(report.Ratios(s.values(f), base.values(f)))
}
