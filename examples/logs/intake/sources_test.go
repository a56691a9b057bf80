package intake

import (
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// Logs are counted by their source, without the port of its address; those whose source
// is not known are not.
func TestSourcesCounted(t *testing.T) {
	f := newFixture(t, store.Options{}, Config{})
	in := func(src *store.Source) *input { return &input{x: &Session{srv: f.Server, source: src}, nano: 5} }
	for _, peer := range []string{"10.0.0.1:4000", "10.0.0.1:4001", "[2001:db8::1]:1", ""} {
		i := in(&store.Source{Peer: peer, Listener: "tcp://x"})
		for range 2 {
			i.tally.received, i.tally.bytes = 3, 30
			i.count()
			i.count() // nothing more came
		}
	}
	i := in(nil)
	i.tally.received = 1
	i.count()
	i = in(&store.Source{Peer: "10.0.0.1:9", Listener: "tcp://x"})
	i.tally.received, i.tally.bytes = 1, 1
	i.count()
	i.x.source = &store.Source{Peer: "10.0.0.1:9", Listener: "tcp://x", Subject: "CN=a"} // the handshake is over
	i.tally.received, i.tally.bytes = 1, 1
	i.count()
	want := map[stats.SourceKey]uint64{
		{Peer: "10.0.0.1", Listener: "tcp://x"}: 13, {Peer: "2001:db8::1", Listener: "tcp://x"}: 6, {Listener: "tcp://x"}: 6,
		{Peer: "10.0.0.1", Listener: "tcp://x", Subject: "CN=a"}: 1,
	}
	c := f.stats.Sources.Snapshot(10, 0)
	if c.Total != len(want) {
		t.Errorf("%d sources: %+v", c.Total, c.Rows)
	}
	for _, row := range c.Rows {
		bytes := 10 * row.Logs
		if row.Logs%2 == 1 {
			bytes = 10*(row.Logs-1) + 1
		}
		if row.Logs != want[row.SourceKey] || row.Bytes != bytes || row.Last != 5 {
			t.Errorf("%+v, want %d logs", row, want[row.SourceKey])
		}
	}
}
