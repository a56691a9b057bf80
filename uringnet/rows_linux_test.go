package uringnet_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// These tests show the seed's parts doing their work, where the conformance
// tests show only that nothing breaks with them.

// Row 29: SQPOLL with SQ_AFF and CQSIZE: the kernel's thread is there, on the
// CPU asked for, and the queues have the sizes asked for.
func TestRowSQPoll(t *testing.T) {
	e := newEngine(t, uringnet.Config{
		Mode: uringnet.ModeSQPoll, Rings: 1, SQPollCPUs: []int{0}, SQPollIdle: time.Second, SQEntries: 64, CQEntries: 128,
	})
	if s := e.Status().Ring; s.SQEntries != 64 || s.CQEntries != 128 {
		t.Errorf("queues of %d and %d; want 64 and 128", s.SQEntries, s.CQEntries)
	}
	// The thread binds itself when it first runs. (That of an engine which
	// another test has closed may be there still.)
	eventually(t, "SQPOLL thread bound to CPU 0", func() bool {
		tasks, err := filepath.Glob("/proc/self/task/*/comm")
		must(t, err)
		for _, comm := range tasks {
			name, err := os.ReadFile(comm)
			if err != nil || !strings.HasPrefix(string(name), "iou-sqp-") {
				continue
			}
			status, err := os.ReadFile(filepath.Join(filepath.Dir(comm), "status"))
			if err == nil && strings.Contains(string(status), "Cpus_allowed_list:\t0\n") {
				return true
			}
		}
		return false
	})
	before := e.Stats().Total
	echoRounds(t, e, 1, 200)
	d := e.Stats().Total
	if sqes, enters := d.SQEs-before.SQEs, d.Enters-before.Enters; sqes < 200 || enters > sqes/4 {
		t.Errorf("%d requests took %d enters; a polled queue needs next to none", sqes, enters)
	}
}

// Rows 32 and 39: requests are submitted in batches, completions reaped in
// batches.
func TestRowBatches(t *testing.T) {
	e := newEngine(t, uringnet.Config{Rings: 1, Transfer: uringnet.TransferRing})
	var s poller.Counters
	for range 20 { // connections are ready together now and then
		echoRounds(t, e, 64, 50)
		if s = e.Stats().Total; s.Sends > 0 && s.Receives > 0 {
			break
		}
	}
	if perEnter := float64(s.SQEs) / float64(s.Enters); perEnter < 2 {
		t.Errorf("%.1f requests an enter (%+v); want batches", perEnter, s)
	}
	if perReap := float64(s.CQEs) / float64(s.Reaps); perReap < 2 {
		t.Errorf("%.1f completions a reap (%+v); want batches", perReap, s)
	}
}

// Rows 31, 35, 36 and 40: accepts are multishot, receives pick provided
// buffers, through registered files, and every buffer comes back.
func TestRowMultishotAndFixedFiles(t *testing.T) {
	e := newEngine(t, uringnet.Config{
		Mode: uringnet.ModeSQPoll, Rings: 1, FixedFiles: 256, Receive: uringnet.ReceiveMultishot, BufferCount: 64,
	})
	if got := e.Status().Ring.FixedFiles; got != 256 {
		t.Fatalf("%d registered files (%v)", got, e.Status())
	}
	const conns, rounds = 16, 40
	echoRounds(t, e, conns, rounds)
	s := e.Stats().Total
	if s.Accepts != conns || s.DirectRecvs != 0 || s.NoBuffers != 0 || s.Receives < conns*rounds {
		t.Errorf("%+v: want %d accepts and %d receives", s, conns, conns*rounds)
	}
	// A multishot request is one SQE: 1 accept, and as many receives as
	// connections; the rest is sends and what ends them.
	if most := s.Sends + conns + 1 + s.Rearms + s.Cancels; s.SQEs > most {
		t.Errorf("%d requests; want at most %d (%+v)", s.SQEs, most, s)
	}
}

// Row 42: a dedicated thread with DEFER_TASKRUN holds completions back for
// BatchWait, and reaps them together.
func TestRowBatchWait(t *testing.T) {
	for _, disable := range []uringnet.Feature{0, uringnet.FeatMinTimeout} { // the kernel's own wait, and the older way
		t.Run(fmt.Sprintf("without %v", disable), func(t *testing.T) {
			const conns = 16
			wait := 20 * time.Millisecond
			e := newEngine(t, uringnet.Config{
				Mode: uringnet.ModeDedicated, Rings: 1, BatchWait: wait, Disable: disable,
			})
			var peers []net.Conn
			var reads sync.WaitGroup
			for range conns {
				peer, c := pair(t, stackOf(e), "tcp")
				peers = append(peers, c)
				reads.Go(func() {
					if _, err := peer.Read(make([]byte, 1)); err != nil {
						t.Error(err)
					}
				})
			}
			before := e.Stats().Total
			for _, c := range peers { // far quicker than BatchWait
				if _, err := c.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			reads.Wait()
			after := e.Stats().Total
			if n := after.Receives - before.Receives; n != conns {
				t.Errorf("%d receives, want %d", n, conns)
			}
			if reaps := after.Reaps - before.Reaps; reaps > conns*2 {
				t.Errorf("%d reaps for %d completions", reaps, after.CQEs-before.CQEs)
			}
		})
	}
}

// echoRounds echoes one byte after the other over conns connections at once.
func echoRounds(t *testing.T, e *uringnet.Engine, conns, rounds int) {
	t.Helper()
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	var wg sync.WaitGroup
	for range conns {
		c, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		s := accept(t, ln)
		wg.Go(func() {
			defer s.Close()
			b := make([]byte, 16)
			for {
				n, err := s.Read(b)
				if err != nil {
					return
				}
				if _, err := s.Write(b[:n]); err != nil {
					return
				}
			}
		})
		wg.Go(func() {
			defer c.Close()
			b := make([]byte, 1)
			for i := range rounds {
				if _, err := c.Write([]byte{byte(i)}); err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Read(b); err != nil || b[0] != byte(i) {
					t.Errorf("round %d: %d, %v", i, b[0], err)
					return
				}
			}
		})
	}
	wg.Wait()
}
