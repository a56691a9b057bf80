package intake

import (
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A fixture is a server with its store.
type fixture struct {
	*Server
	t     *testing.T
	dir   string
	store *store.Store
	disk  *disk
	why   chan error // why connections were refused
}

// newFixture makes a server whose store has o, with some defaults.
func newFixture(t *testing.T, o store.Options, c Config) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), disk: newDisk(), why: make(chan error, 100)}
	o.Dir, o.FS, o.Logger = f.dir, f.disk, slog.New(slog.DiscardHandler)
	o.BatchDelay = time.Millisecond
	o.Stats = new(stats.Stats)
	s, err := store.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.disk.release(); s.Close() })
	f.store = s
	c.Store, c.Stats = s, o.Stats
	c.Refused = func(err error) { f.why <- err }
	f.Server = New(c)
	return f
}

// A record is what a test wants to know of one.
type record struct {
	msg       string
	severity  uint8
	malformed bool
}

// stored closes the store and returns what it has.
func (f *fixture) stored() (all []record) {
	f.t.Helper()
	if err := f.store.Close(); err != nil {
		f.t.Fatal(err)
	}
	err := new(store.Scanner).Dir(f.dir, func(r store.Record) error {
		all = append(all, record{string(r.Msg), r.Severity, r.Malformed})
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return all
}

// messages is stored without what is known of the records.
func (f *fixture) messages() (all []string) {
	f.t.Helper()
	for _, r := range f.stored() {
		all = append(all, r.msg)
	}
	return all
}

// wantCounts fails unless the counters are as they should be with all sessions
// done.
func (f *fixture) wantCounts(received, refused, connErrors int) {
	f.t.Helper()
	st := f.stats
	if n := st.Received.Load(); n != uint64(received) {
		f.t.Errorf("%d received, want %d", n, received)
	}
	if n := st.Refused.Load(); n != uint64(refused) {
		f.t.Errorf("%d refused, want %d", n, refused)
	}
	if n := st.ConnErrors.Load(); n != int64(connErrors) {
		f.t.Errorf("%d connections ended by errors, want %d", n, connErrors)
	}
	if open, paused := st.Conns.Load(), st.Paused.Load(); open != 0 || paused != 0 {
		f.t.Errorf("%d connections open and %d paused at the end", open, paused)
	}
}

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// A disk is store.StdFS that can be held up.
type disk struct {
	store.StdFS
	mu     sync.Mutex
	opened *sync.Cond
	held   bool
}

type diskFile struct {
	store.File
	d *disk
}

func newDisk() *disk {
	d := &disk{}
	d.opened = sync.NewCond(&d.mu)
	return d
}

// hold has writes wait until release.
func (d *disk) hold() {
	d.mu.Lock()
	d.held = true
	d.mu.Unlock()
}

func (d *disk) release() {
	d.mu.Lock()
	d.held = false
	d.mu.Unlock()
	d.opened.Broadcast()
}

func (d *disk) wait() {
	d.mu.Lock()
	for d.held {
		d.opened.Wait()
	}
	d.mu.Unlock()
}

func (d *disk) Create(name string, mode fs.FileMode) (store.File, error) {
	f, err := d.StdFS.Create(name, mode)
	if err != nil {
		return nil, err
	}
	return diskFile{f, d}, nil
}

func (f diskFile) WriteAt(b []byte, off int64) (int, error) {
	f.d.wait()
	return f.File.WriteAt(b, off)
}

func (f diskFile) WriteSync(b []byte, off int64) (int, error) {
	f.d.wait()
	return f.File.WriteSync(b, off)
}

// A fakePeer is a connection that keeps what is written to it.
type fakePeer struct {
	mu             sync.Mutex
	out            []byte
	paused, closed bool
	pauses         int
	unread         int // what Buffered says
}

func (p *fakePeer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, b...)
	return len(b), nil
}

func (p *fakePeer) Buffered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unread
}

func (p *fakePeer) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = true
	p.pauses++
}

func (p *fakePeer) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = false
}

func (p *fakePeer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// written is what was written so far.
func (p *fakePeer) written() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.out)
}

func (p *fakePeer) isPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

func (p *fakePeer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// relpFrame is a RELP frame.
func relpFrame(txnr int, command, data string) string {
	if data == "" {
		return fmt.Sprintf("%d %s 0\n", txnr, command)
	}
	return fmt.Sprintf("%d %s %d %s\n", txnr, command, len(data), data)
}

// relpOpen is how a RELP client begins.
var relpOpen = relpFrame(1, "open", "relp_version=0\nrelp_software=test\ncommands=syslog")

// ack is the acknowledgement of transactions.
func ack(txnrs ...int) string {
	var b strings.Builder
	for _, n := range txnrs {
		fmt.Fprintf(&b, "%d rsp 6 200 OK\n", n)
	}
	return b.String()
}

// mustPrefix cuts a prefix that must be there.
func mustPrefix(t *testing.T, s, prefix string) string {
	t.Helper()
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok {
		t.Fatalf("%q does not begin with %q", s, prefix)
	}
	return rest
}

// A recorder is a lane that keeps what is said of the records.
type recorder struct {
	sink
	mu   sync.Mutex
	kept []kept
}

type kept struct {
	store.Meta
	msg string
}

// listenIn has a session's records kept. Call it before the first Data.
func listenIn(x *Session) *recorder {
	r := &recorder{sink: x.lane}
	x.lane = r
	return r
}

func (r *recorder) Append(m store.Meta, msg []byte) (uint64, bool) {
	seq, ok := r.sink.Append(m, msg)
	if ok {
		m.Host = slices.Clone(m.Host)
		r.mu.Lock()
		r.kept = append(r.kept, kept{m, string(msg)})
		r.mu.Unlock()
	}
	return seq, ok
}

// text is the records, with what is missing or follows.
func (r *recorder) text() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.kept {
		if k.Cut {
			k.msg += "|cut"
		}
		if k.More {
			k.msg += "|more"
		}
		all = append(all, k.msg)
	}
	return all
}
