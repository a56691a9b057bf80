package stats

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestSources(t *testing.T) {
	var table Sources
	a, b := SourceKey{Peer: "10.0.0.1", Listener: "tcp"}, SourceKey{Peer: "10.0.0.1", Listener: "tls", Subject: "CN=b"}
	table.Count(a, 3, 30, 100)
	table.Count(b, 1, 10, 200)
	table.Count(a, 2, 20, 300)
	table.Count(a, 1, 1, 250) // a clock that was set back
	c := table.Snapshot(10, 250)
	if len(c.Rows) != 2 || c.Total != 2 || c.Silent != 1 || c.Evicted != 0 {
		t.Fatalf("%+v", c)
	}
	if want := (Source{a, 6, 51, 100, 300}); c.Rows[0] != want {
		t.Errorf("%+v, want %+v", c.Rows[0], want)
	}
	if want := (Source{b, 1, 10, 200, 200}); c.Rows[1] != want {
		t.Errorf("%+v, want %+v", c.Rows[1], want)
	}
}

// The table is bounded: the source that was silent for the longest goes, and long names
// are cut.
func TestSourcesBounded(t *testing.T) {
	var table Sources
	key := func(i int) SourceKey { return SourceKey{Peer: fmt.Sprint(i)} }
	for i := range MaxSources {
		table.Count(key(i), 1, 1, int64(i))
	}
	table.Count(key(0), 1, 1, MaxSources) // seen again
	table.Count(key(MaxSources), 1, 1, MaxSources+1)
	table.Count(key(MaxSources+1), 1, 1, MaxSources+2)
	c := table.Snapshot(MaxSources+5, 0)
	if c.Total != MaxSources || c.Evicted != 2 || len(c.Rows) != MaxSources {
		t.Errorf("%d, %d, %d", c.Total, c.Evicted, len(c.Rows))
	}
	first := c.Rows[MaxSources-1]
	if first.Peer != "3" || c.Rows[2].Peer != "0" || c.Rows[2].Logs != 2 {
		t.Errorf("the oldest is %+v, the third %+v", first, c.Rows[2])
	}
	c = table.Snapshot(2, 13)
	if len(c.Rows) != 4 || c.Silent != 10 || c.Rows[0].Last != MaxSources+2 || c.Rows[3].Last != 11 {
		t.Errorf("the first and the silent: %+v", c)
	}
	long := SourceKey{Subject: strings.Repeat("x", 10000)}
	for range 2 {
		table.Count(long, 1, 1, MaxSources+9)
	}
	if s := table.Snapshot(1, 0).Rows[0]; len(s.Subject) != maxSourceText || s.Logs != 2 {
		t.Errorf("%d bytes are kept, %d logs", len(s.Subject), s.Logs)
	}
}

func TestSourcesConcurrent(t *testing.T) {
	var table Sources
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 1000 {
				table.Count(SourceKey{Peer: fmt.Sprint(n % (i + 2))}, 1, 2, int64(n))
				table.Snapshot(3, 0)
			}
		})
	}
	wg.Wait()
	logs, bytes := uint64(0), uint64(0)
	for _, s := range table.Snapshot(10, 0).Rows {
		logs, bytes = logs+s.Logs, bytes+s.Bytes
	}
	if logs != 4000 || bytes != 8000 {
		t.Errorf("%d logs of %d bytes", logs, bytes)
	}
}
