package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// The names of servers that mean something to the report.
const (
	Std     = "std"     // what every server is compared with
	Ceiling = "c-uring" // the other reference
	Subject = "uring"   // whose targets are judged
)

// Result is everything that one run of the suite, or several, found.
type Result struct {
	Hosts []measure.Host // one for each run
	Cells []Cell
	Idle  []IdleCell
	// Notes say what was left out, and why.
	Notes []string
}

// Cell is a workload that servers took turns with.
type Cell struct {
	Part     string // one of Parts
	Workload string // in its part
	Buf      int    // bytes of the servers' buffers
	Unit     string // of an operation
	// Paced is whether the load had a fixed rate, so that only cost compares.
	Paced bool `json:",omitempty"`
	// Host is which of the result's hosts it was measured on.
	Host int
	// Remark is what is to be known with the figures.
	Remark string `json:",omitempty"`
	measure.Cell
}

// Parts are the parts of the suite, in their order.
var Parts = []string{"echo", "ingest", "http", "bulk", "accept", "rate", "company", "dear", "idle"}

// IdleCell is what connections cost that do nothing.
type IdleCell struct {
	Host    int // which of the result's hosts it was measured on
	Layout  measure.Layout
	Conns   int
	Servers []IdleServer
}

// IdleServer is what they cost one server.
type IdleServer struct {
	Name, Status string
	Failed       string `json:",omitempty"`
	Unsupported  bool   `json:",omitempty"`
	Rounds       []IdleRound
}

// IdleRound is one life of the server.
type IdleRound struct {
	// Conns is how many connections were opened between Before and After.
	Conns         int
	Before, After Memory
	// Requests were made in Length on one of the connections, while the
	// others were idle; the percentiles are in nanoseconds.
	Requests       uint64
	Length         time.Duration
	P50, P99, P999 int64
	// IdleCPU is the share of one CPU that the server took while all of them
	// were idle.
	IdleCPU float64
}

// Memory is in bytes. The kernel's is that of the whole machine, and of both
// ends of each connection.
type Memory struct {
	RSS  int64 // of the server process
	Slab int64 // of the kernel: sockets, descriptors, epoll's and io_uring's records
	Sock int64 // buffers of TCP sockets
}

// RSSPerConn is the server's growth for each connection.
func (r IdleRound) RSSPerConn() float64 {
	return float64(r.After.RSS-r.Before.RSS) / float64(max(1, r.Conns))
}

// KernelPerConn is the kernel's growth for each connection.
func (r IdleRound) KernelPerConn() float64 {
	return float64(r.After.Slab+r.After.Sock-r.Before.Slab-r.Before.Sock) / float64(max(1, r.Conns))
}

// BytesPerConn is both.
func (r IdleRound) BytesPerConn() float64 { return r.RSSPerConn() + r.KernelPerConn() }

// Read reads the results in files, and merges them.
func Read(files ...string) (*Result, error) {
	all := new(Result)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var r Result
		if err := json.Unmarshal(b, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all.Merge(&r)
	}
	return all, nil
}

// Merge adds what another run found. Cells with the same workload stay apart:
// their ratios are pooled when they are shown.
func (r *Result) Merge(other *Result) {
	first := len(r.Hosts)
	r.Hosts = append(r.Hosts, other.Hosts...)
	for _, c := range other.Cells {
		c.Host += first
		r.Cells = append(r.Cells, c)
	}
	for _, c := range other.Idle {
		c.Host += first
		r.Idle = append(r.Idle, c)
	}
	for _, n := range other.Notes {
		r.Note(n)
	}
}

// machine describes the hosts with these indices, a line for each that differs.
func (r *Result) machine(hosts ...int) (lines []string) {
	for _, i := range hosts {
		if i < 0 || i >= len(r.Hosts) {
			continue
		}
		if line := r.Hosts[i].Line(); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// machines describes all hosts.
func (r *Result) machines() []string {
	all := make([]int, len(r.Hosts))
	for i := range all {
		all[i] = i
	}
	return r.machine(all...)
}

// Note adds a note, once.
func (r *Result) Note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// WriteJSON writes the result to a file.
func (r *Result) WriteJSON(file string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
