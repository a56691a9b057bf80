package measure

import (
	"os/exec"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

// tolerated is the CPU time, of one CPU, that other processes may take in a
// round before it counts as disturbed.
const tolerated = 0.1

// toleratedOfDisk is the same where servers have a disk to wait for: threads of
// the kernel work for them.
const toleratedOfDisk = 0.5

// Plan is a cell to measure.
type Plan struct {
	Program   string // Cell.Program
	Proto     string
	Layout    Layout
	Conns     int
	Size      int
	Slice     time.Duration // a server's turn
	Rounds    int           // turns of each server
	Extra     int           // more turns at most, in place of disturbed ones
	CountTime time.Duration // of the slice in which system calls are counted
	Specs     []Spec        // the first is what the others are compared with
	Counter   Counter       // nil: system calls are not counted
	Spin      bool          // the client does not sleep in LayoutOne
	// Allowed are the CPUs to use.
	Allowed []int
	// Command makes the command that starts a server. It sets neither
	// affinity nor standard input and output.
	Command func(p *Plan, s Spec) *exec.Cmd
	// Accept looks at a server that has started, to refuse it.
	Accept func(s Spec, iouring bool, status string) error
	// Dial connects the load to a server; nil: load.Dial, with an exchange of
	// the protocol.
	Dial func(p *Plan, s Started) (Load, error)
	// KeepGoing is whether a server that does not start, ends or gets stuck is
	// left out, with its reason in Server.Failed, in place of ending the cell.
	KeepGoing bool
	// Park is whether servers that use CPU time while they have nothing to do
	// are stopped between their turns, so that they take none from the others.
	Park bool
	// Share, if not 0, makes the load an open loop: at this share of what the
	// server on std serves in a closed loop in the same run. Burst is how many
	// requests are due at once, see load.Pace. The load must be a Pacer.
	Share float64
	Burst int
	// Rate, if not 0, makes it one of so many requests a second. Not with Share.
	Rate float64
	// Others, if not 0, is the CPU time, of one CPU, that other processes may take
	// in a round before it counts as disturbed: for servers that have servers.
	Others float64
	// Labour is whether the servers have work of their own besides, which they
	// are told to begin and to end at the two ends of their turns.
	Labour bool
	// Neighbour, if not nil, makes the command that starts a process on the
	// servers' CPUs, to run beside all turns.
	Neighbour func() *exec.Cmd

	beside *process // the neighbour
}

// Pacer is a Load that can be an open loop.
type Pacer interface{ SetPace(load.Pace) }

// Load makes load on one server.
type Load interface {
	// Run makes load for d, or for as long as the workload says.
	Run(d time.Duration) (load.Slice, error)
	// Latency holds the latencies of the last run.
	Latency() *load.Histogram
	ResetFairness()
	// Fairness returns the shares of the slowest and the fastest connection
	// since ResetFairness, as multiples of the mean; 0 if there are none.
	Fairness() (slowest, fastest float64)
	Close()
}

// Started is a server that listens.
type Started struct {
	Addr string
	PID  int
	// Stats asks the server for its counters.
	Stats func() (map[string]uint64, error)
}

// tolerated is what others may take of a CPU.
func (p *Plan) tolerated() float64 {
	switch {
	case p.Others > 0:
		return p.Others
	case p.Labour:
		return toleratedOfDisk
	}
	return tolerated
}

// Spinning is whether the load is to poll in place of sleeping.
func (p *Plan) Spinning() bool { return p.Spin && p.Layout == LayoutOne }

// Longest is how long the cell may take if all goes well, start and stop of
// the servers left out.
func (p *Plan) Longest() time.Duration {
	n := time.Duration(len(p.Specs))
	slice := p.Slice
	if p.Share > 0 || p.Rate > 0 {
		slice *= longest
	}
	return n*(time.Duration(p.Rounds+p.Extra+2)*slice+p.CountTime) + saturating*p.Slice
}
