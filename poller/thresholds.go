package poller

import "time"

// What the engine decides by. Each has the section of benchmarks/LOG.md, and the beginning
// of the row, that set it; those of "Bounds" were chosen and not measured.
const (
	// ringReceives is from how many reports of one harvest on the parked Reads are
	// received for by the ring. Fewer gain less by one call for all than they lose by
	// the queues. (LOG: "Shared mode", ring receives)
	ringReceives = 8
	// maxReceives bounds how many receives one io_uring_enter makes: those that it
	// has served wait for it to return, and the raw call holds a P.
	// (LOG: "Bounds")
	maxReceives = 128
	// harvestEvents is how many reports one epoll_wait brings at most.
	// (LOG: "Bounds")
	harvestEvents = 512
	// askedReads is how many receives of an FD are each followed by a question whether
	// there is more, before its end is watched for and the question spared: watching costs
	// an epoll_ctl, for which short connections have no use.
	// (LOG: "Waiting apart", askedReads)
	askedReads = 2
	// crowdReads is how many receives of a core are looked at together for whether it is
	// worth trying to wait together. (LOG: "Bounds")
	crowdReads = 1024
	// crowdCalls: a core that receives more than once in the time of so many system calls
	// is so busy that it may be. (LOG: "Waiting apart", crowdCalls)
	crowdCalls = 100
	// crowdHarvests is how many harvests decide whether FDs go on waiting together.
	// (LOG: "Waiting apart", crowdHarvests)
	crowdHarvests = 256
	// crowdReports is how many reports each has to have on average; where system calls are
	// dear ringReceives. (LOG: "Waiting apart", crowdReports)
	crowdReports = 16
	// crowdPause is how long FDs wait apart, the first time, before they are tried together
	// again. (LOG: "Bounds")
	crowdPause = 125 * time.Millisecond
	// timedCalls: one in so many receives and sends is timed. (LOG: "Bounds")
	timedCalls = 16
	// longCall is how long one takes whose thread has lost the CPU. (LOG: "Company", longCall)
	longCall = time.Millisecond
	// companyTime is how long calls are handed off after it. (LOG: "Bounds")
	companyTime = 2 * time.Second
	// dearSyscall is what a system call costs from which sends are batched too: a
	// batch trades it for a park and a request. (LOG: "Shared mode", dear system calls)
	dearSyscall = 450 * time.Nanosecond
	// directSend is the length from which a Write tries send(2) first in the modes whose
	// rings own their connections: so much data costs more than the system call that a
	// batch would save.
	// (LOG: "Bounds")
	directSend = 16 << 10
	// maxDeliver is how much a completion may bring to be copied by whoever reaps
	// it: more is copied by the reader, which may be on another CPU.
	// (LOG: "Dedicated and SQPoll", small receives)
	maxDeliver = 4 << 10
	// maxAccepted is how many connections a multishot accept may take ahead of
	// Accept before it is stopped (all that are in the backlog at one moment come
	// in one go, though); the rest waits in the backlog.
	// (LOG: "Bounds")
	maxAccepted = 64
	// maxOut is how much output an event-driven connection may have before no more
	// is read from it: a peer that does not read its answers cannot make more.
	// (LOG: "Bounds")
	maxOut = 1 << 20
	// eventGroup is for how many event-driven FDs the ring receives at once, each into
	// eventSlab bytes.
	// (LOG: "Bounds")
	eventGroup = 64
	eventSlab  = 16 << 10
	// maxPending is how much output an event-driven connection may have by default
	// before Push refuses more.
	// (LOG: "Bounds")
	maxPending = 64 << 20
	// scratchSize is how much an event-driven connection reads by recv(2) at once.
	// (LOG: "Bounds")
	scratchSize = 64 << 10
	// directRounds bounds how often an event-driven connection is read by recv(2)
	// before others have their turn.
	// (LOG: "Bounds")
	directRounds = 4
	// eventRounds bounds how often a queue of events is emptied before its ring is
	// submitted again.
	// (LOG: "Bounds")
	eventRounds = 4
)
