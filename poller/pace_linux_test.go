package poller

import (
	"testing"
	"time"
)

// TestPace: BatchWait is left out while bytes come in bulk, and comes back.
func TestPace(t *testing.T) {
	const wait = 300 * time.Microsecond
	r := &ring{p: &Poller{cfg: Config{BatchWait: wait}}}
	var p pace
	window := func(bytes uint64) time.Duration {
		r.stat.bytesIn.Add(bytes)
		p.since = nanotime() - int64(10*time.Millisecond) // it began that long ago
		return p.batchWait(r)
	}
	if got := window(90 << 10); got != wait { // 9 MB/s: 60,000 messages of 150 bytes
		t.Errorf("little load: waits %v, want %v", got, wait)
	}
	if got := window(10 << 20); got != 0 {
		t.Errorf("1 GB/s: waits %v", got)
	}
	if got := window(0); got != 0 {
		t.Errorf("a pause between bulk: waits %v", got)
	}
	p.until = nanotime() - 1
	if got := window(0); got != wait {
		t.Errorf("after the bulk: waits %v, want %v", got, wait)
	}
	r.p.cfg.BatchWait = 0
	if got := window(0); got != 0 {
		t.Errorf("without BatchWait: waits %v", got)
	}
}
