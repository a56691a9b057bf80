package sink

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// many stores n batches, each in a segment of its own.
func many(t *testing.T, s *store.Store, from, n int) (msgs []string) {
	t.Helper()
	for i := range n {
		m := numbered("host", 10*(from+i), 10)
		put(t, s, m...)
		msgs = append(msgs, m...)
	}
	return msgs
}

// smallSegments are options of a store that keeps next to nothing by itself.
func smallSegments(dir string) store.Options {
	return store.Options{Dir: dir, Durability: store.Group, SegmentSize: 600, BatchSize: 4 << 10, KeepSize: 1}
}

// segmentCount is how many segments a store has.
func segmentCount(t *testing.T, s *store.Store) int {
	t.Helper()
	e, err := s.Extents()
	if err != nil {
		t.Fatal(err)
	}
	return len(e)
}

// Retention waits for a target that is down, over a restart too, and goes on when it has
// got everything.
func TestHold(t *testing.T) {
	dir := t.TempDir()
	f := &fakeTarget{down: errTest}
	o, _ := fakeOptions(t, f, fakeURL, dir)
	s := openStore(t, smallSegments(dir))
	k := startSink(t, s, o)
	msgs := many(t, s, 0, 10)
	stopSink(t, k, patience)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	first, held := next.Held()
	so := smallSegments(dir)
	if so.Held = map[string]uint64{next.Name(): first}; !held {
		t.Error("nothing is held")
	}
	s = openStore(t, so)
	if err := next.Start(s); err != nil {
		t.Fatal(err)
	}
	defer stopSink(t, next, 0)
	msgs = append(msgs, many(t, s, 10, 10)...)
	if n := segmentCount(t, s); n < 20 {
		t.Errorf("%d segments are left", n)
	}
	f.set(func() { f.down = nil })
	want(t, f.await(t, 200), msgs)
	eventually(t, "removal", func() bool { return segmentCount(t, s) <= 2 })
	if c := next.Counters(); c.LostSegments != 0 || c.LetGo != 0 {
		t.Errorf("counters %+v", c)
	}
}

// With hold=no, or beyond hold-bytes or hold-age, retention goes on: what is lost is
// counted and said, and the rest is sent.
func TestHoldBounds(t *testing.T) {
	for _, bound := range []string{"hold=no", "hold-bytes=2KiB", "hold-age=1s"} {
		t.Run(bound, func(t *testing.T) {
			dir := t.TempDir()
			f := &fakeTarget{down: errTest}
			o, log := fakeOptions(t, f, fakeURL+"&"+bound, dir)
			if o.HoldAge > 0 {
				o.HoldAge = time.Millisecond
			}
			s := openStore(t, smallSegments(dir))
			k := startSink(t, s, o)
			msgs := many(t, s, 0, 20)
			eventually(t, "losses", func() bool { c := k.Counters(); return c.LostSegments >= 10 && c.LostBytes > 0 })
			if !log.has("LOST for the target") || !o.NoHold && (k.Counters().LetGo < 10 || !log.has("no longer held")) {
				t.Errorf("not said; counters %+v", k.Counters())
			}
			if o.HoldBytes > 0 && segmentCount(t, s) < 2 {
				t.Error("nothing is held within the bound")
			}
			f.set(func() { f.down = nil })
			msgs = append(msgs, many(t, s, 20, 1)...)
			eventually(t, "the end", func() bool { got := f.taken(); return len(got) > 0 && got[len(got)-1] == msgs[len(msgs)-1] })
			// What came is in order, and what did not come was counted: retention may have
			// gone on while the sink sent.
			got, next := f.taken(), 0
			for _, msg := range got {
				i := slices.Index(msgs[next:], msg)
				if i < 0 {
					t.Fatalf("%q came twice, or out of order", msg)
				}
				next += i + 1
			}
			if c := k.Counters(); (len(msgs)-len(got))/10 != int(c.LostSegments) {
				t.Errorf("%d segments of ten logs lost, but %d of %d logs came", c.LostSegments, len(got), len(msgs))
			}
		})
	}
}

// The metrics of several sinks are one exposition.
func TestExpose(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	put(t, s, numbered("host", 0, 5)...)
	var sinks []*Sink
	for _, name := range []string{"one", "two"} {
		f := &fakeTarget{}
		o, _ := fakeOptions(t, f, "relp://h:1?name="+name, dir)
		sinks = append(sinks, startSink(t, s, o))
		f.await(t, 5)
	}
	eventually(t, "the counts", func() bool { return sinks[0].Counters().Delivered == 5 && sinks[1].Counters().Delivered == 5 })
	var out bytes.Buffer
	e := stats.NewExposition(&out)
	Expose(e, nil)
	Expose(e, sinks)
	if err := e.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`logserver_sink_delivered_total{sink="one",kind="relp"} 5`, `logserver_sink_delivered_total{sink="two",kind="relp"} 5`,
		`logserver_sink_connected{sink="one",kind="relp"} 1`, "# TYPE logserver_sink_lag_bytes gauge",
	} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("no line %s in\n%s", line, &out)
		}
	}
	if n := strings.Count(out.String(), "# TYPE logserver_sink_sent_total"); n != 1 {
		t.Errorf("%d heads of a metric", n)
	}
}
