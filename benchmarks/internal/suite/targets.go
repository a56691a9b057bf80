package suite

import "github.com/uringnet/go-uringnet/internal/bench/measure"

// Target is something that the engine is to reach.
type Target struct {
	Part string // "" for every cell that no other target has a word on
	// Workload is its name, or what the name begins with up to a comma; "" for
	// all of the part.
	Workload string
	Layout   measure.Layout // "" for both
	Conns    int            // 0 for all
	Metric   Metric
	Server   string  // "" for the subject
	Against  string  // the server to compare with
	Bound    float64 // at most, where less is better, else at least
}

// perConns makes a target for each number of connections.
func perConns(t Target, conns []int, bounds ...float64) (targets []Target) {
	for i, n := range conns {
		t.Conns, t.Bound = n, bounds[i]
		targets = append(targets, t)
	}
	return targets
}

// perMetric makes a target of what a request costs and of each latency.
func perMetric(t Target, cpu, p50, p99, p999 float64) (targets []Target) {
	for i, bound := range []float64{cpu, p50, p99, p999} {
		t.Metric, t.Bound = []Metric{CPU, P50, P99, P999}[i], bound
		targets = append(targets, t)
	}
	return targets
}

// fairnessSlack is how much worse than std a share may be: there is one figure
// in a cell, without a spread.
const fairnessSlack = 0.05

// Targets are those of the project's 2-CPU machine.
func Targets() (targets []Target) {
	const one, two = measure.LayoutOne, measure.LayoutTwo
	add := func(more ...Target) { targets = append(targets, more...) }
	std := func(part, workload string, l measure.Layout) Target {
		return Target{Part: part, Workload: workload, Layout: l, Against: Std}
	}
	atLeast := func(t Target, bound float64) Target {
		t.Bound = bound
		return t
	}
	add(perMetric(std("rate", "http hello", ""), .8, 1.1, 1, 1.1)...)
	add(perMetric(std("rate", "echo 64 B", ""), .85, 1.1, 1, 1.1)...)
	add(perConns(std("http", "hello", one), []int{1, 16, 100, 1000}, 1, 1.1, 1.08, 1.17)...)
	add(perConns(std("http", "hello", two), []int{1, 4, 16, 100, 1000}, 1, 1.15, 1.08, 1.08, 1.15)...)
	add(perConns(std("echo", "64 B", one), []int{1, 16, 100, 1000, 5000}, 1, 1.17, 1.17, 1.25, 1.1)...)
	add(perConns(std("echo", "64 B", two), []int{1, 4, 16, 100, 1000, 4000}, 1.1, 1.3, 1.4, 1.37, 1.2, 1.08)...)
	add(atLeast(std("http", "JSON", ""), 1), atLeast(std("http", "TLS hello", ""), 1),
		atLeast(std("accept", "", ""), 1), atLeast(std("bulk", "", ""), 1))
	add(Target{Metric: P99, Against: Std, Bound: 1},
		Target{Metric: Slowest, Against: Std, Bound: 1 - fairnessSlack},
		Target{Metric: Fastest, Against: Std, Bound: 1 + fairnessSlack})
	add(perConns(std("dear", "600 ns, echo 64 B", one), []int{16, 100}, 1.25, 1.3)...)
	add(perConns(std("dear", "600 ns, http hello", one), []int{100}, 1.15)...)
	add(atLeast(std("company", "echo 64 B and a busy process", ""), .88))
	add(Target{Part: "company", Workload: "echo 64 B and fsync", Metric: P99, Against: Std, Bound: 1.05})
	add(Target{Part: "ingest", Workload: "60k/s", Metric: CPU, Against: Std, Bound: .85},
		Target{Part: "ingest", Workload: "60k/s", Metric: CPU, Server: "events", Against: Std, Bound: .6},
		Target{Part: "echo", Layout: one, Server: "events", Against: Ceiling, Bound: .9})
	return targets
}
