package main

// Report is what the doctor found: the JSON that -json prints. Units are in the
// names.
type Report struct {
	System  System  `json:"system"`
	IOUring IOUring `json:"io_uring"`
	Engine  Engine  `json:"engine"`
	// SyscallCost is what the cheapest system calls cost in this process.
	SyscallCost SyscallCost `json:"syscall_cost"`
	SideBySide  SideBySide  `json:"side_by_side"`
}

// System is the machine, and what it lets this process do. What cannot be found
// out is "" or 0.
type System struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Kernel    string `json:"kernel"`
	CPUModel  string `json:"cpu_model"`
	CPUs      int    `json:"cpus"`       // that this process may use
	Go        string `json:"go"`         // version
	Env       string `json:"uringnet"`   // the environment variable URINGNET
	Container string `json:"container"`  // what says that this is one
	Seccomp   string `json:"seccomp"`    // "none", "strict" or "filter"
	Filters   int    `json:"filters"`    // of seccomp
	Disabled  string `json:"disabled"`   // sysctl kernel.io_uring_disabled
	Group     string `json:"group"`      // sysctl kernel.io_uring_group
	IPCLock   bool   `json:"ipc_lock"`   // CAP_IPC_LOCK: RLIMIT_MEMLOCK does not apply
	Memlock   Limit  `json:"memlock"`    // RLIMIT_MEMLOCK, bytes
	NoFile    Limit  `json:"nofile"`     // RLIMIT_NOFILE; Go raises the soft one by itself
	TCP       string `json:"congestion"` // TCP's congestion control
}

// Limit is a resource limit; -1: none.
type Limit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

// IOUring says whether io_uring can be used by this process.
type IOUring struct {
	Usable bool `json:"usable"`
	// Reason is why not, as the engine or the system says it.
	Reason string  `json:"reason"`
	Causes []Cause `json:"causes"`
}

// Cause is something that keeps io_uring from being used, and what to change.
type Cause struct {
	Name   string `json:"name"` // "seccomp", "sysctl", "limit", "kernel", "environment", "system" or "unknown"
	Why    string `json:"why"`
	Change string `json:"change"`
}

// Engine is how uringnet's default engine runs here.
type Engine struct {
	IOUring bool   `json:"io_uring"`
	Status  string `json:"status"` // in words
	Reason  string `json:"reason"` // why there is no io_uring
	Errno   int    `json:"errno"`  // behind Reason; 0: none
	// Killed is how a process ended that asked for io_uring, if it did not
	// survive that.
	Killed         string   `json:"killed"`
	EnvError       string   `json:"env_error"`
	Mode           string   `json:"mode"`
	Rings          int      `json:"rings"`
	Transfer       string   `json:"transfer"`
	TransferReason string   `json:"transfer_reason"`
	SyscallNs      int64    `json:"syscall_ns"` // that Transfer was chosen by; 0: not measured
	Features       []string `json:"features"`   // in use
	Missing        []Missed `json:"missing"`
	SwitchedOff    []string `json:"switched_off"`
	Denied         []string `json:"denied"` // for a bug of this kernel
	Notes          []string `json:"notes"`
	Modes          []Mode   `json:"modes"` // the others
}

// Missed is a feature that the kernel does not have.
type Missed struct {
	Feature string `json:"feature"`
	Kernel  string `json:"kernel"` // that brought it
}

// Mode is a drive mode besides the engine's.
type Mode struct {
	Mode   string   `json:"mode"`
	Works  bool     `json:"works"`
	Reason string   `json:"reason"` // why not
	Denied []string `json:"denied"`
	Notes  []string `json:"notes"`
}

// SyscallCost is what system calls that do nothing cost, in nanoseconds; 0: not
// measured.
type SyscallCost struct {
	GetppidNs  int64 `json:"getppid_ns"`
	RecvfromNs int64 `json:"recvfrom_ns"` // of a descriptor that is not open
}

// SideBySide is std net and uringnet under the same loads.
type SideBySide struct {
	// Left says why nothing was measured; "" if something was.
	Left    string `json:"left_out"`
	Std     string `json:"std"`      // what served, in words
	Uring   string `json:"uringnet"` // the same
	IOUring bool   `json:"io_uring"` // whether uringnet ran on it
	Conns   int    `json:"conns"`
	SliceMs int64  `json:"slice_ms"`
	Pairs   int    `json:"pairs"` // of turns that were asked for
	Loads   []Load `json:"loads"`
}

// Load is one kind of load.
type Load struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"` // of what std serves at most; 0: saturated
	// RatePerSecond is how many requests became due; 0: saturated.
	RatePerSecond float64  `json:"rate_per_second"`
	Std           Figures  `json:"std"`
	Uring         Figures  `json:"uringnet"`
	Throughput    Ratio    `json:"throughput_ratio"`
	CPU           Ratio    `json:"cpu_ratio"` // CPU time for each request
	P50           Ratio    `json:"p50_ratio"`
	P99           Ratio    `json:"p99_ratio"`
	Verdict       Verdict  `json:"verdict"`
	Words         string   `json:"words"`
	Notes         []string `json:"notes"`
	Failed        string   `json:"failed"` // why it could not be measured
}

// Figures are one server's under one load: medians of its turns, percentiles of all
// turns together.
type Figures struct {
	PerSecond float64 `json:"per_second"`
	CPUUs     float64 `json:"cpu_us"` // of the server, for each request
	P50Us     float64 `json:"p50_us"`
	P99Us     float64 `json:"p99_us"`
}

// Ratio is uringnet's figure to std's in the turn beside it: the median of all pairs
// and the quartiles.
type Ratio struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
	Pairs  int     `json:"pairs"`
}

// ServiceReport is what a load on a service found: the JSON of -url.
type ServiceReport struct {
	URL           string         `json:"url"`
	Conns         int            `json:"conns"`
	RatePerSecond int            `json:"rate_per_second"`
	Seconds       float64        `json:"seconds"`
	Due           uint64         `json:"due"`
	Unsent        uint64         `json:"unsent"`  // waited for their connection to the end
	Replies       uint64         `json:"replies"` // of any status
	Statuses      map[int]uint64 `json:"statuses"`
	Failed        uint64         `json:"failed"`
	Failure       string         `json:"failure"` // the first
	Reconnects    uint64         `json:"reconnects"`
	PerSecond     float64        `json:"per_second"` // replies before the end
	BytesPerReply float64        `json:"bytes_per_reply"`
	P50Us         float64        `json:"p50_us"`
	P99Us         float64        `json:"p99_us"`
	P999Us        float64        `json:"p999_us"`
	MaxUs         float64        `json:"max_us"`
	LateUs        float64        `json:"late_us"` // of the load itself, p99
	KeepsUp       bool           `json:"keeps_up"`
}
