package sink

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

const fakeURL = "relp://127.0.0.1:1?name=fake"

// fakeOptions are those of a Sink with a fakeTarget.
func fakeOptions(t *testing.T, f *fakeTarget, url, dir string) (Options, *testLog) {
	t.Helper()
	log := newTestLog(t)
	o := testOptions(t, url, dir, log)
	o.target = f
	return o, log
}

// All that is stored before and after the start is sent once and in order, over a stop
// and over new segments.
func TestOrderAndRestart(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir, Durability: store.Group, SegmentSize: 4 << 10, BatchSize: 2 << 10})
	msgs := numbered("host", 0, 300)
	put(t, s, msgs[:100]...)
	f := &fakeTarget{}
	o, _ := fakeOptions(t, f, fakeURL+"&window=7", dir)
	k := startSink(t, s, o)
	f.await(t, 100)
	put(t, s, msgs[100:200]...)
	stopSink(t, k, patience) // sends what is stored
	want(t, f.taken(), msgs[:200])
	c := k.Counters()
	if c.Delivered != 200 || c.Sent != 200 || c.Retried+c.Failures+c.Refused != 0 || c.Connected {
		t.Errorf("counters %+v", c)
	}
	if c, _, err := loadCursor(store.StdFS{}, k.path, "fake"); err != nil || !c.Clean || c.Received == 0 {
		t.Errorf("cursor %+v, %v", c, err)
	}
	put(t, s, msgs[200:]...)
	k = startSink(t, s, o)
	if c, _, err := loadCursor(store.StdFS{}, k.path, "fake"); err != nil || c.Clean {
		t.Errorf("cursor %+v, %v, which a crash would leave", c, err)
	}
	f.await(t, 300)
	eventually(t, "no lag", func() bool { c := k.Counters(); return c.LagBytes == 0 && c.LagRecords == 0 && c.LagSeconds == 0 })
	want(t, f.taken(), msgs)
	slices.Sort(f.ids)
	if n := len(slices.Compact(f.ids)); n != 300 {
		t.Errorf("%d different ids", n)
	}
}

// With start=newest nothing is sent that was stored before, but for the first time only.
func TestStartNewest(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	msgs := numbered("host", 0, 30)
	put(t, s, msgs[:10]...)
	f := &fakeTarget{}
	o, _ := fakeOptions(t, f, fakeURL+"&start=newest", dir)
	k := startSink(t, s, o)
	put(t, s, msgs[10:20]...)
	f.await(t, 10)
	stopSink(t, k, patience)
	put(t, s, msgs[20:]...)
	startSink(t, s, o)
	want(t, f.await(t, 20), msgs[10:])
}

// A target that is down is tried again, and nobody but the sink waits for it.
func TestDown(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir, Durability: store.Group})
	f := &fakeTarget{down: errTest}
	o, log := fakeOptions(t, f, fakeURL, dir)
	k := startSink(t, s, o)
	msgs := numbered("host", 0, 50)
	put(t, s, msgs...) // returns when they are stored
	eventually(t, "failures and a lag", func() bool {
		c := k.Counters()
		return c.Failures >= 3 && !c.Connected && c.LagBytes > 0 && c.LagRecords > 0 && c.LagSeconds > 0
	})
	if !log.has(errTest.Error()) {
		t.Error("the log does not say why")
	}
	f.set(func() { f.down = nil })
	want(t, f.await(t, 50), msgs)
	eventually(t, "no lag", func() bool { c := k.Counters(); return c.LagBytes == 0 && c.Connected })
}

// What is not acknowledged when a session ends is sent again, what is not committed too;
// nothing is left out.
func TestRetry(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir, BatchSize: 1 << 10})
	msgs := numbered("host", 0, 100)
	put(t, s, msgs...)
	n := 0
	f := &fakeTarget{verdict: func(*message) (error, bool) {
		if n++; n%17 == 0 {
			return errTest, true
		}
		return nil, true
	}}
	o, _ := fakeOptions(t, f, fakeURL, dir)
	k := startSink(t, s, o)
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 100 })
	c := k.Counters()
	if c.Failures == 0 || c.Retried == 0 || c.Sent <= 100 {
		t.Errorf("counters %+v", c)
	}
	got := map[string]int{}
	for i, id := range f.ids {
		got[id+" "+f.got[i]]++
	}
	if len(got) != 100 {
		t.Errorf("%d different messages with their ids", len(got))
	}
}

// A target that acknowledges nothing holds up the window, and then loses its session; one
// that tries again itself keeps it.
func TestSilent(t *testing.T) {
	for _, tolerant := range []bool{false, true} {
		dir := t.TempDir()
		s := openStore(t, store.Options{Dir: dir})
		put(t, s, numbered("host", 0, 100)...)
		f := &fakeTarget{tolerant: tolerant, verdict: func(*message) (error, bool) { return nil, false }}
		o, log := fakeOptions(t, f, fakeURL+"&window=10", dir)
		o.ackTimeout = 30 * time.Millisecond
		k := startSink(t, s, o)
		eventually(t, "word of it", func() bool { return log.has(errSilent.Error()) })
		if c := k.Counters(); tolerant && (c.Failures > 0 || c.Sent != 10 || c.Connected) {
			t.Errorf("counters %+v", c)
		}
		f.set(func() {
			f.verdict = nil
			for _, m := range f.waiting {
				f.take(m)
				go m.done(nil)
			}
		})
		eventually(t, "all delivered", func() bool { c := k.Counters(); return c.Delivered == 100 && c.Connected })
		if c := k.Counters(); !tolerant && (c.Failures == 0 || c.Retried == 0) {
			t.Errorf("counters %+v", c)
		}
		stopSink(t, k, patience)
	}
}

// What is acknowledged out of order is committed in order, and a later session sends only
// what is not done.
func TestOutOfOrder(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	for i := range 5 {
		put(t, s, numbered("host", 10*i, 10)...)
	}
	f := &fakeTarget{verdict: func(*message) (error, bool) { return nil, false }}
	o, _ := fakeOptions(t, f, fakeURL, dir)
	k := startSink(t, s, o)
	eventually(t, "all sent", func() bool { return k.Counters().Sent == 50 })
	f.mu.Lock()
	waiting := slices.Clone(f.waiting)
	f.mu.Unlock()
	for i := len(waiting) - 1; i > 10; i-- { // all but the first batch, and one of the second
		waiting[i].done(nil)
		waiting[i].done(errTest) // is not heard
	}
	for _, m := range waiting[:10] {
		m.done(nil)
	}
	if c := k.Counters(); c.Delivered != 10 {
		t.Errorf("%d delivered", c.Delivered)
	}
	f.set(func() { f.verdict = nil; f.got = nil })
	f.sessions[0](errTest)
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 50 })
	want(t, f.taken(), numbered("host", 10, 1))
	if c := k.Counters(); c.Retried != 1 || c.Sent != 51 {
		t.Errorf("counters %+v", c)
	}
}

// What the target refuses for ever is in the dead letters, with its id, and nothing else
// is passed over.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	src := &store.Source{Peer: "192.0.2.1:99", Listener: "tcp"}
	metas := []store.Meta{{Severity: 1}, {Severity: 2, Facility: 3, Source: src}, {Severity: 3}, {Severity: 4, Malformed: true}}
	putMeta(t, s, metas, []string{"good", "bad one", "good too", "bad \xff"})
	f := &fakeTarget{verdict: func(m *message) (error, bool) {
		if strings.HasPrefix(string(m.Msg), "bad") {
			return refuse(errTest), true
		}
		return nil, true
	}}
	o, log := fakeOptions(t, f, fakeURL, dir)
	k := startSink(t, s, o)
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 4 })
	stopSink(t, k, patience)
	want(t, f.taken(), []string{"good", "good too"})
	files, _ := filepath.Glob(filepath.Join(dir, "sink-fake.dead-*.jsonl"))
	if len(files) != 1 || k.Counters().Refused != 2 {
		t.Fatalf("files %v, %d refused", files, k.Counters().Refused)
	}
	text, _ := os.ReadFile(files[0])
	var letters []deadLetter
	for line := range strings.Lines(string(text)) {
		var l deadLetter
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		letters = append(letters, l)
	}
	if len(letters) != 2 || letters[0].Message != "bad one" || letters[0].Peer != src.Peer || letters[0].Severity != "crit" || letters[0].Facility != "daemon" ||
		letters[0].Why != errTest.Error() || letters[1].Base64 != "YmFkIP8=" || !log.has(letters[0].ID) || !strings.HasSuffix(letters[1].ID, "-3") {
		t.Errorf("dead letters %+v", letters)
	}
}

// A faultFS fails what a test wants.
type faultFS struct {
	store.StdFS
	mu     sync.Mutex
	rename error
	sync   error
}

func (f *faultFS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rename != nil {
		return f.rename
	}
	return f.StdFS.Rename(from, to)
}

func (f *faultFS) Create(name string, mode os.FileMode) (store.File, error) {
	file, err := f.StdFS.Create(name, mode)
	return faultFile{file, f}, err
}

type faultFile struct {
	store.File
	fs *faultFS
}

func (f faultFile) Datasync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.sync != nil {
		return f.fs.sync
	}
	return f.File.Datasync()
}

// When dead letters cannot be made durable, what was refused is sent again, and the
// cursor waits.
func TestDeadLettersFail(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	put(t, s, "bad")
	f := &fakeTarget{verdict: func(*message) (error, bool) { return refuse(errTest), true }}
	disk := &faultFS{sync: errTest}
	o, log := fakeOptions(t, f, fakeURL, dir)
	o.FS = disk
	k := startSink(t, s, o)
	eventually(t, "a second try", func() bool { return k.Counters().SaveErrors > 0 && k.Counters().Refused > 1 })
	if c, found, err := loadCursor(disk, k.path, "fake"); err != nil || found && c.Offset > firstOffset {
		t.Errorf("cursor %+v, %v", c, err)
	}
	disk.mu.Lock()
	disk.sync = nil
	disk.mu.Unlock()
	eventually(t, "a cursor", func() bool { c, _, _ := loadCursor(disk, k.path, "fake"); return c.Offset > firstOffset })
	if !log.has("cannot be written") {
		t.Error("the log does not say so")
	}
}

// A cursor that cannot be written is said, and sending goes on.
func TestCursorFails(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	disk := &faultFS{rename: errTest}
	f := &fakeTarget{}
	o, log := fakeOptions(t, f, fakeURL, dir)
	o.FS = disk
	k := startSink(t, s, o)
	put(t, s, numbered("host", 0, 10)...)
	f.await(t, 10)
	eventually(t, "errors", func() bool { return k.Counters().SaveErrors > 1 && log.has(errTest.Error()) })
	disk.mu.Lock()
	disk.rename = nil
	disk.mu.Unlock()
	eventually(t, "a cursor", func() bool { _, found, _ := loadCursor(disk, k.path, "fake"); return found })
}

// A damaged cursor file is an error that says what to do; one of another sink too.
func TestDamagedCursor(t *testing.T) {
	dir := t.TempDir()
	c := cursor{Version: cursorVersion, Sink: "fake", Position: store.Position{Segment: 3, Offset: 99}, Run: 7, Clean: true}
	path := cursorPath(dir, "fake")
	for range 2 { // over the first
		if err := c.save(maker{fs: store.StdFS{}, mode: 0o640}, path); err != nil {
			t.Fatal(err)
		}
	}
	good, _ := os.ReadFile(path)
	got, found, err := loadCursor(store.StdFS{}, path, "fake")
	if err != nil || !found || got != c {
		t.Fatalf("%+v, %v, %v", got, found, err)
	}
	o, _ := fakeOptions(t, &fakeTarget{}, fakeURL, dir)
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1
		for _, text := range [][]byte{bad, good[:i]} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := New(o); !errors.Is(err, ErrCursor) || !strings.Contains(err.Error(), path) {
				t.Fatalf("%q: %v", text, err)
			}
		}
	}
	c.Sink = "other"
	if err := c.save(maker{fs: store.StdFS{}, mode: 0o640}, path); err != nil {
		t.Fatal(err)
	}
	if _, err := New(o); !errors.Is(err, ErrCursor) || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("another's: %v", err)
	}
}

// A cursor of another store, or of segments that a power cut took, is said, and all is
// sent: rather twice than not.
func TestForeignCursor(t *testing.T) {
	for name, at := range map[string]cursor{
		"ahead":   {Position: store.Position{Segment: 99, Offset: 100}, Run: 1},
		"another": {Position: store.Position{Segment: 1, Offset: 200}, Run: 1},
	} {
		dir := t.TempDir()
		s := openStore(t, store.Options{Dir: dir})
		msgs := numbered("host", 0, 10)
		put(t, s, msgs...)
		at.Version, at.Sink = cursorVersion, "fake"
		if err := at.save(maker{fs: store.StdFS{}, mode: 0o640}, cursorPath(dir, "fake")); err != nil {
			t.Fatal(err)
		}
		f := &fakeTarget{}
		o, log := fakeOptions(t, f, fakeURL, dir)
		k := startSink(t, s, o)
		want(t, f.await(t, 10), msgs)
		if !log.has("the cursor is not of this store") || k.Counters().Rewound != 1 {
			t.Errorf("%s: not said", name)
		}
		stopSink(t, k, patience)
	}
}
