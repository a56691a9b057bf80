package sink

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// natsURL is that of a stream of nodes.
func natsURL(nodes []*natsNode, options string) string {
	return "nats://" + addrs(nodes) + "?stream=LOGS&" + options
}

// A stream gets each log with its subject, its headers and its id; what is sent again
// after the cursor is gone is dropped by the stream.
func TestNATS(t *testing.T) {
	nodes := startNodes(t, 1, "")
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir, BatchSize: 2 << 10})
	src := &store.Source{Peer: "192.0.2.1:514"}
	received := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	metas := []store.Meta{{Severity: 3, Facility: 16, Source: src, Received: received.UnixNano()}, {Severity: 7, Malformed: true, Cut: true, More: true}}
	msgs := []string{"<131>1 2026-01-01T00:00:00Z web.1 app - - - text", "<131>1 * \x00\xff\r\nno syslog"}
	putMeta(t, s, metas, msgs)
	msgs = append(msgs, numbered("h", 0, 500)...)
	put(t, s, msgs[2:]...)
	o := testOptions(t, natsURL(nodes, "create=yes&outage=1h&subject=l.{host}.{severity}.{facility}&window=100"), dir, newTestLog(t))
	k := startSink(t, s, o)
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 502 })
	stopSink(t, k, patience)
	if err := os.Remove(k.path); err != nil {
		t.Fatal(err)
	}
	k = startSink(t, s, o)
	eventually(t, "all delivered again", func() bool { return k.Counters().Delivered == 502 })

	v := newViewer(t, nodes)
	all := v.read("LOGS")
	var got []string
	for _, m := range all {
		got = append(got, string(m.Data()))
	}
	want(t, got, msgs)
	h := all[0].Headers()
	if all[0].Subject() != "l.web_1.err.local0" || h.Get(headerPeer) != src.Peer || h.Get(headerSeverity) != "err" || h.Get(headerReceived) != received.Format(time.RFC3339Nano) || h.Get(headerMalformed) != "" {
		t.Errorf("subject %s, headers %v", all[0].Subject(), h)
	}
	if id := h.Get(jetstream.MsgIDHeader); len(id) < 20 || !strings.HasSuffix(id, "-0-1-0") {
		t.Errorf("id %q", id)
	}
	if h := all[1].Headers(); all[1].Subject() != "l.none.debug.kern" || h.Get(headerMalformed)+h.Get(headerCut)+h.Get(headerMore) != "111" || h.Get(headerPeer) != "" {
		t.Errorf("subject %s, headers %v", all[1].Subject(), h)
	}
	info := v.info("LOGS")
	if info.Config.Duplicates != time.Hour || info.Config.Storage != jetstream.FileStorage || k.Counters().DuplicateWindow != 3600 {
		t.Errorf("stream %+v", info.Config)
	}
}

// A duplicate window that is short is said, and so are subjects that the stream does not
// take; a stream that is not there is waited for.
func TestNATSStream(t *testing.T) {
	nodes := startNodes(t, 1, "")
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	log := newTestLog(t)
	k := startSink(t, s, testOptions(t, natsURL(nodes, "outage=1h"), dir, log))
	put(t, s, numbered("h", 0, 10)...)
	eventually(t, "word of it", func() bool { return log.has("stream LOGS does not exist") })
	v := newViewer(t, nodes)
	v.create(jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"other.>"}, Duplicates: 3 * time.Second})
	eventually(t, "word of it", func() bool {
		return log.has("duplicate window is short") && log.has("may not take all subjects") && log.has("no response from stream")
	})
	if k.Counters().Delivered != 0 {
		t.Error("something is delivered")
	}
	v.create(jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.*.*.*"}, Duplicates: 3 * time.Second})
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 10 })
	v.exactlyOnce("LOGS", numbered("h", 0, 10))
}

// What is too large for the server, or for the stream, is passed over; the rest arrives.
func TestNATSRefuses(t *testing.T) {
	nodes := startNodes(t, 1, "max_payload: 8192")
	v := newViewer(t, nodes)
	v.create(jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}, MaxMsgSize: 2000})
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	msgs := []string{"one", strings.Repeat("x", 9000), "two", strings.Repeat("y", 3000), "three"}
	put(t, s, msgs...)
	k := startSink(t, s, testOptions(t, natsURL(nodes, ""), dir, newTestLog(t)))
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 5 })
	if c := k.Counters(); c.Refused != 2 || c.Failures != 0 {
		t.Errorf("counters %+v", c)
	}
	v.exactlyOnce("LOGS", []string{"one", "two", "three"})
	if n := v.info("LOGS").State.Msgs; n != 3 {
		t.Errorf("%d messages", n)
	}
}

// A stream that is full is waited for: nothing is lost.
func TestNATSFull(t *testing.T) {
	nodes := startNodes(t, 1, "")
	v := newViewer(t, nodes)
	full := jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}, MaxMsgs: 50, Discard: jetstream.DiscardNew}
	v.create(full)
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	msgs := numbered("h", 0, 200)
	put(t, s, msgs...)
	log := newTestLog(t)
	k := startSink(t, s, testOptions(t, natsURL(nodes, ""), dir, log))
	eventually(t, "failures", func() bool { return k.Counters().Failures > 2 && log.has("maximum messages exceeded") })
	full.MaxMsgs = -1
	v.create(full)
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 200 })
	if c := k.Counters(); c.Refused != 0 {
		t.Errorf("counters %+v", c)
	}
	v.exactlyOnce("LOGS", msgs)
}

// A server that is killed and started again under load gets everything, once; the store
// takes logs meanwhile.
func TestNATSKilled(t *testing.T) {
	nodes := newNodes(t, 1, "")
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir, Durability: store.Group})
	k := startSink(t, s, testOptions(t, natsURL(nodes, "create=yes&outage=1h"), dir, newTestLog(t)))
	var msgs []string
	add := func() {
		m := numbered("h", len(msgs), 200)
		put(t, s, m...)
		msgs = append(msgs, m...)
	}
	for range 3 {
		before := k.Counters().Delivered
		add() // down
		nodes[0].start()
		for range 10000 {
			if k.Counters().Delivered >= before+1000 {
				break
			}
			add()
		}
		nodes[0].kill()
	}
	add()
	nodes[0].start()
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == uint64(len(msgs)) })
	newViewer(t, nodes).exactlyOnce("LOGS", msgs)
	if c := k.Counters(); c.Failures == 0 || c.Refused != 0 {
		t.Errorf("counters %+v", c)
	}
}

// An outage that is longer than the duplicate window is said and counted, if something
// was sent of which nobody knows whether it arrived.
func TestNATSOutOfWindow(t *testing.T) {
	nodes := startNodes(t, 1, "")
	for _, clean := range []bool{true, false} {
		dir := t.TempDir()
		s := openStore(t, store.Options{Dir: dir})
		log := newTestLog(t)
		o := testOptions(t, natsURL(nodes, "create=yes"), dir, log)
		c := cursor{Version: cursorVersion, Sink: o.Name, Position: s.Stored(), Saved: time.Now().Add(-time.Hour), Clean: clean}
		if err := c.save(maker{fs: store.StdFS{}, mode: 0o640}, cursorPath(dir, o.Name)); err != nil {
			t.Fatal(err)
		}
		k := startSink(t, s, o)
		put(t, s, "message")
		eventually(t, "delivery", func() bool { return k.Counters().Delivered == 1 })
		if said := log.has("longer than the stream's duplicate window"); said == clean || (k.Counters().OutOfWindow == 1) == clean {
			t.Errorf("clean %v: said %v, counted %d", clean, said, k.Counters().OutOfWindow)
		}
	}
}
