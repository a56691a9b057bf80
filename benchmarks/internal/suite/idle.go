package suite

import "github.com/uringnet/go-uringnet/internal/bench/report"

// idleVerdicts judges what an idle connection costs.
func (r *Result) idleVerdicts() []Verdict {
	bytes := Verdict{Where: "idle connections", Wanted: "bytes of the process and the kernel each, to std, at most 1.00", Near: true}
	p99 := Verdict{Where: "one active among idle", Wanted: "p99 to std at most 1.00", Near: true}
	for _, c := range r.Idle {
		s, base := c.find(Subject), c.find(Std)
		if s == nil || base == nil {
			continue
		}
		where := plural(c.Conns, "idle connection")
		bytes.add(where, s.ratio(base, IdleRound.BytesPerConn), 1, true)
		p99.add(where, s.ratio(base, idleP99), 1, true)
	}
	return []Verdict{bytes, p99}
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
