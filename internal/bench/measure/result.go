// Package measure puts servers under load in turns and records what they did
// and what it cost them.
package measure

import (
	"fmt"
	"time"
)

// Result is everything one run found.
type Result struct {
	Host  Host
	Cells []Cell
}

// Host is where and how a run was made.
type Host struct {
	Time     time.Time
	Kernel   string
	CPUModel string
	CPUs     int
	Go       string
	Commit   string // of the module, "" if unknown
	Command  string
	Syscalls string // how system calls are counted, or why they are not
	// NullCall is what getppid(2) costs.
	NullCall time.Duration `json:",omitempty"`
	// Congestion is TCP's congestion control.
	Congestion string `json:",omitempty"`
}

// Line says what is to be known of the machine with every table.
func (h *Host) Line() string {
	unknown := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	null := "unknown"
	if h.NullCall > 0 {
		null = fmt.Sprintf("%d ns", h.NullCall.Nanoseconds())
	}
	return fmt.Sprintf("%d CPUs (%s); null system call %s; kernel %s; %s; TCP congestion control %s; commit %s",
		h.CPUs, h.CPUModel, null, h.Kernel, h.Go, unknown(h.Congestion), unknown(h.Commit))
}

// Cell is one workload on every server of a run.
type Cell struct {
	Program string `json:",omitempty"` // the servers' package, if it is somebody else's
	Proto   string
	Layout  Layout
	Conns   int
	Size    int // bytes of an echo message
	Slice   time.Duration
	Spin    bool // the load polled, in place of sleeping
	// Rate, if not 0, is how many requests a second were due on each server:
	// Share of Saturated, which std served in a closed loop in the same run.
	Rate      float64  `json:",omitempty"`
	Share     float64  `json:",omitempty"`
	Saturated float64  `json:",omitempty"`
	Servers   []Server // the first is what the others are compared with
	// Others and Steal are the CPU time that other processes took, and the
	// host of a virtual machine, during the timed slices: 1 is one whole CPU.
	Others, Steal float64
}

// Server is what one server did in a cell.
type Server struct {
	Name    string
	Env     string // value of URINGNET
	IOUring bool
	Status  string
	// Failed says why the server has no slices; "" if it has.
	Failed string `json:",omitempty"`
	// Unsupported is whether Failed is for want of the protocol.
	Unsupported bool `json:",omitempty"`
	// Parked is whether the process was stopped between its turns.
	Parked bool    `json:",omitempty"`
	Slices []Slice // one for each round, the warm-up left out
	// Percentiles of all slices together, in nanoseconds.
	P50, P99, P999, Max int64
	// Slowest and Fastest are the shares of the slowest and the fastest
	// connection over all slices, as multiples of the mean.
	Slowest, Fastest float64
	// SyscallsPerReq is nil where system calls could not be counted.
	SyscallsPerReq *float64
	// User and Kernel are ticks of CPU time over the whole cell.
	User, Kernel uint64
	// IdleCPU is the share of one CPU that the server took while the others
	// had their slices.
	IdleCPU float64
	// Counters are the engine's counters over the timed slices.
	Counters map[string]uint64 `json:",omitempty"`
}

// Slice is one server's turn in one round.
type Slice struct {
	Requests uint64        // done before the end of the slice
	Total    uint64        // with those done while it drained
	Length   time.Duration // without the drain
	Drain    time.Duration
	CPU      time.Duration // of the server process, for Total requests
	Switches uint64        // times a thread of the server was put on a CPU
	P50, P99 int64
	P999     int64 `json:",omitempty"`
	// Due is how many requests a constant rate had, and Late how late the load
	// sent 99 % of those that had not to wait for a reply.
	Due  uint64        `json:",omitempty"`
	Late time.Duration `json:",omitempty"`
	// Disturbed is whether other processes took much of the machine in this
	// round.
	Disturbed bool `json:",omitempty"`
}

// Unsupported is a server that does not have the protocol asked for.
type Unsupported struct{ Reason string }

func (e *Unsupported) Error() string { return "not supported: " + e.Reason }

// NotStarted is in the error of a server that did not.
const NotStarted = "the server did not start"

// minClean is how many undisturbed slices are enough to leave the disturbed
// ones out.
const minClean = 3

// Clean returns the undisturbed slices, or nil if there are too few.
func (s *Server) Clean() []Slice {
	var clean []Slice
	for _, slice := range s.Slices {
		if !slice.Disturbed {
			clean = append(clean, slice)
		}
	}
	if len(clean) < min(minClean, len(s.Slices)) {
		return nil
	}
	return clean
}

// Usable returns the slices to judge by: the undisturbed ones, or all if
// those are too few. It chooses alike for every server of a cell.
func (s *Server) Usable() []Slice {
	if clean := s.Clean(); clean != nil {
		return clean
	}
	return s.Slices
}

// PerSecond is the slice's throughput.
func (s Slice) PerSecond() float64 { return float64(s.Requests) / s.Length.Seconds() }

// Reached is the share of the due requests that were answered in time; 1 where
// there was no rate.
func (s Slice) Reached() float64 {
	if s.Due == 0 {
		return 1
	}
	return float64(s.Requests) / float64(s.Due)
}

// CPUPerReq is the server's CPU time per request in nanoseconds.
func (s Slice) CPUPerReq() float64 {
	if s.Total == 0 {
		return 0
	}
	return float64(s.CPU) / float64(s.Total)
}

// Layout says which CPUs the server and the client run on.
type Layout string

const (
	// LayoutOne is the server alone on one CPU, the client on another.
	LayoutOne Layout = "one"
	// LayoutTwo is the server on two CPUs, and the client on the same two.
	LayoutTwo Layout = "two"
)
