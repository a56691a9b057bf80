package poller

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/drive"
	"github.com/uringnet/go-uringnet/internal/epoll"
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/seam"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// What there is, with who guards it; what is done with it is in the other files. The
// lock order is in doc.go.

// Poller is a core for each CPU: a goroutine that waits for the readiness of sockets,
// and a ring.
type Poller struct {
	cfg      Config
	mode     Mode // Config.Mode, but Shared without io_uring
	feats    Feature
	transfer Transfer      // never TransferAuto
	receive  Receive       // single or multishot
	zeroCopy int           // length from which sends are zero-copy; 0: none
	seam     seam.Injector // nil but in tests
	cores    []*core
	files    int // entries of each ring's table of registered files
	fds      slots.Table[FD]
	pending  slots.Table[task]
	elastic  bufpool.Elastic
	sweep    *sweeper      // nil without IdleTimeout
	patience time.Duration // rerunAfter, but in tests
	*outsider
	strange sync.Map // kinds of completions that nobody expected, once logged

	statusMu sync.Mutex
	status   Status // guarded by statusMu once New has returned

	fixedMu sync.Mutex // held while the registered buffers are made
	fixed   atomic.Pointer[fixedPool]

	opening sync.RWMutex
	closing bool // guarded by opening
	calls   callers
	foreign foreigners

	apart    bool // FDs may wait apart: apart_linux.go
	gathers  bool // and together, where that pays: crowd_linux.go
	crowd    crowding
	callCost time.Duration // of a system call; 0: not measured
	company  company
}

// company is what the poller knows of others who want the CPU (company_linux.go).
type company struct {
	on    atomic.Bool  // system calls hand off their P
	until atomic.Int64 // rt.Nanotime
}

// crowding is what the poller knows of how FDs had best wait.
type crowding struct {
	on    atomic.Bool  // together
	next  atomic.Int64 // when that may be tried: rt.Nanotime
	pause atomic.Int64 // how long it may not, the next time: nanoseconds
}

// foreigners counts foreign sockets.
type foreigners struct {
	open   atomic.Int64
	opened atomic.Uint64
}

// core is what a Poller has for each core: a loop that waits for readiness, and a ring
// that is driven, for what stays in the kernel: with Dedicated and SQPoll for
// everything, in Shared mode for files, chains and zero-copy sends, made when the first
// of them comes.
type core struct {
	p      *Poller
	id     int
	stat   counters
	loop   *loop
	driven *driven    // Dedicated, SQPoll: made at once, never changed. Shared: nil
	events eventQueue // of the FDs that driven owns

	considered   atomic.Int64  // when waiting together was thought of last: rt.Nanotime
	consideredIn atomic.Uint64 // how many bytes had come then

	mu       sync.Mutex
	made     *driven // guarded by mu: Shared's, see tasks
	evloop   *loop   // guarded by mu: of event-driven FDs, see eventLoop
	stopping bool    // guarded by mu: nothing more is made
}

// driven is a ring with its driver.
type driven struct {
	*ring.Ring
	c   *core
	drv drive.Driver
}

// loop waits for the readiness of FDs: its goroutine is parked in the runtime's
// netpoller on the epoll set's descriptor, and takes what that reports. With a ring it
// receives for parked Reads that are ready together, and its flusher sends for
// Writes that come together; both end inside the enter, so that nothing of a socket
// stays in the kernel.
type loop struct {
	c       *core
	set     *epoll.Set
	ring    *ring.Ring // nil: system calls alone
	parked  *drive.Parked
	list    []epoll.Event // of the running harvest; its goroutine's
	crowd   atomic.Int32  // how many reports the last harvest had, 0 if they were few
	judged  int           // harvests since it was looked at whether they pay; its goroutine's
	reports int           // what they have reported; its goroutine's
	events  eventQueue

	wake     chan struct{} // the flusher's
	flushing atomic.Bool   // the flusher was woken and has not begun
	closing  atomic.Bool
	done     chan struct{} // closed by the flusher
}

// eventQueue is what event-driven FDs have for one goroutine at a time to do: that of
// a loop, or of a ring that owns them. Whoever reaps, reports or writes adds; only those
// who drive run handlers, never a goroutine that waits in a call of its own.
type eventQueue struct {
	loop   *loop   // whose it is; nil: driven's
	driven *driven // whose it is; nil: loop's
	kick   func()  // has it run soon; callable with an FD's mu held

	running sync.Mutex // held while handlers run; above every other lock

	mu    sync.Mutex // innermost
	ready []*FD      // guarded by mu: something was received, or ended, or can be
	out   []*FD      // guarded by mu: something was written
	n     atomic.Int32
	// handling is set while handlers run, after which out is looked at. Guarded by mu.
	handling bool

	spare   [2][]*FD // guarded by running: emptied lists
	scratch []byte   // guarded by running: what recv(2) reads into
	slabs   []byte   // guarded by running: what the ring receives into
}

// FD is a stream socket. All its methods may be called from any
// goroutine at the same time: reads wait for each other, and so do writes.
//
// It receives in one of two ways: when it is ready (recv_linux.go, batch_linux.go), as
// each FD does in Shared mode, or by a request that stays armed (armed_linux.go).
type FD struct {
	// What each call looks at comes first, in one cache line; then what readers,
	// and what writers use.
	p        *Poller
	sysfd    int // whoever is counted in life may use it
	life     life
	place    slots.Place
	ev       atomic.Pointer[eventState]
	loop     atomic.Pointer[loop] // which reports on it, nil: none yet; written with mu held
	arm      *armed               // nil: it receives when it is ready; guarded by mu, and written with rd.lock held
	watched  atomic.Uint32        // what loop reports: written with mu held
	asks     atomic.Bool          // edges do not tell all: the kernel is asked each time, as std does
	listener bool
	fixed    bool // it has an entry in the rings' file tables
	foreign  bool // sysfd is closed by somebody else (foreign_linux.go)

	rd side
	rx rxState
	wr side
	tx txState
	np netpoll

	active atomic.Int64 // when bytes last moved, rt.Nanotime; kept only with IdleTimeout

	// mu guards what follows, and the deadlines of rd and wr. It is held for short:
	// by the callers of methods, by completions, by timers.
	mu      sync.Mutex
	closing error // nil while open; what calls return afterwards. Written once, before life is closed
	byUser  bool  // Close was called (and not only the poller's own shutdown)
	quiet   []chan struct{}
	chains  []*chainRun // requests of chains, each with its chain
	moved   uint64      // by chains, as far as the sweeper knows
}

// Bits of FD.watched. The end, and errors, are reported with any of them.
const (
	watchedIn  = 1
	watchedOut = 2
	watchedEnd = 4
)

// netpoll is an FD's place in the runtime's netpoller. mu is below every other lock.
type netpoll struct {
	mu      sync.Mutex
	at      atomic.Uintptr // rt.Netpoll; 0: none. Written with mu held, and given up with both sides' locks, or nobody using the FD
	over    bool           // guarded by mu: the FD is closed
	refused atomic.Bool    // the kernel has not let it in
}

// rxState is the receiving half of an FD that is ready. It belongs to whoever holds
// rd.lock; while the state is taken, to the loop.
type rxState struct {
	want   []byte // the buffer of the Read that waits; nil: it does not want to be given bytes
	res    int32
	given  bool // the loop has received for it, with res
	drains drainage
	asked  uint8 // receives before the end was watched for
}

// drainage says whether a receive that brings less than it was asked for has taken
// all there was.
type drainage uint8

const (
	drainsUnknown drainage = iota
	drains                 // plain TCP
	drainsNot              // unix sockets stop at control data, others are not known
)

// txState is the sending half of an FD: at most one request is in the kernel,
// so that two sends are never reordered. It belongs to whoever holds wr.lock; res is
// written before done. (A kernel thread, SQPoll's, orders nothing that Go's race detector
// sees, hence res is atomic.)
type txState struct {
	done atomic.Bool
	res  atomic.Int32
	zero atomic.Bool // the request under way is a zero-copy send, with zc
	zc   *zeroCopy   // guarded by FD.mu; nil until the first
	buf  []byte      // keeps the request's memory on the heap and alive
	msg  *gather     // the same for a gathered send
}

// gather is the memory of a gathered send: it stays on the heap while the
// kernel has it.
type gather struct {
	hdr  unix.Msghdr
	iovs []unix.Iovec // point at the caller's buffers and keep them alive
	size int
}

// zeroCopy is the state of a zero-copy send (IORING_OP_SEND_ZC). It completes
// twice: when the bytes are queued in the socket, and, announced by
// IORING_CQE_F_MORE, when the kernel has let go of the memory (NOTIF). Write
// returns after the second. Guarded by FD.mu, but for refused, the writer's.
type zeroCopy struct {
	refused  bool    // the socket cannot: it is not asked again
	ring     *driven // where it is, until the bytes are queued
	canceled bool    // its cancellation was asked for
	notif    bool    // its NOTIF is still to come
	aborted  bool    // the connection was reset so that it comes
}

// armed is the receiving half of an FD whose ring owns it (Dedicated, SQPoll): a
// receive into a provided buffer stays in the kernel. Guarded by FD.mu.
//
//	idle --arm--> armed --completion--> idle (bytes queued, or end set)
//	     --disarm--> off, for good: once the queue is empty the FD receives when ready
//
// A deadline does not end the armed state: what the receive brings is for the
// next Read. Only Close, disarm and a full queue cancel.
type armed struct {
	ring     *driven  // where a request is; nil: idle
	op       slots.Op // OpRecv or OpAccept
	canceled bool     // its cancellation has been asked for
	rearm    bool     // it ended early: arming again is a re-arm
	off      bool     // nothing is armed any more
	direct   bool     // the last receive had no buffer: the next one waits until ready
	want     []byte   // the buffer of the Read that waits, nil if none does
	got      int      // bytes that a completion has put there
	queue    []chunk
	held     int   // provided buffers in queue
	end      error // what follows the queue once: io.EOF or an errno
	unread   bool  // bytes received ahead were dropped because of closing
	accepted []int // a listener's: descriptors accepted and not yet taken
}

// chunk is bytes received and not yet read.
type chunk struct {
	b    []byte
	bufs *bufpool.Ring   // b is in its buffer id
	heap *bufpool.Buffer // or in this elastic buffer
	id   uint16
}

// eventState is the event-driven half of an FD: guarded by FD.mu, but for home
// and sink, which Serve sets once.
//
// Bytes written are collected in out and sent as one when the handlers
// of a round have run; sending is what is under way.
type eventState struct {
	sink Events
	home *eventQueue

	opened bool // Opened was called
	listed bool // it is in home's list of FDs that are ready
	dirty  bool // it is in home's list of FDs that have output
	paused bool // by the user
	ended  bool // Close was called, or the peer has ended: no more Data
	told   bool // Closed was called
	why    error

	in    bool // receiving when ready: there may be bytes
	given bool // the loop's ring has received for it, with res, into slab
	slab  []byte
	res   int32
	spare []chunk // an emptied queue

	out     *bufpool.Buffer // nil: nothing to send
	sending *bufpool.Buffer // nil: nothing is under way
	gone    int             // how much of sending has gone
	busy    bool            // a send is in a ring
	blocked bool            // it waits for room
	bound   int             // how much output Push takes
	refused bool            // Push has refused some since the last Writable
	linger  *time.Timer     // bounds how long a closed FD goes on sending
}

// chainRun is what a chain has in the kernel. It does not change once an FD
// knows of it.
type chainRun struct {
	d     *driven
	tasks []chainTask // in the order in which they run
	ended atomic.Bool // an FD of it was closed: what is cancelled is meant to be
}

type chainTask struct {
	user slots.UserData
	fd   *FD // nil: a file's
}

// task is a request whose caller waits for it: of a File or a Chain.
type task struct {
	place slots.Place
	wait  *waiter
	run   *chainRun // whose request it is; nil: nobody's
	fd    *FD       // whose descriptor it uses; nil for a file's
	buf   []byte    // the request's memory, kept on the heap and alive
	res   int32     // written before wait is told
}

// waiter is a caller that waits for its tasks.
type waiter struct {
	left atomic.Int32
	done chan struct{} // gets a token when left falls to 0
}

// sweeper closes connections on which nothing has moved for a time.
type sweeper struct {
	quit chan struct{}
	done sync.WaitGroup
}

// fixedPool is the poller's registered buffers.
type fixedPool struct {
	*bufpool.Fixed
	registered bool
}
