package uringnet_test

import (
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// What was asked for is what runs; what was left open is chosen by what a system
// call costs, and Status says both.
func TestTransferStatus(t *testing.T) {
	for _, want := range []uringnet.Transfer{uringnet.TransferDirect, uringnet.TransferBatch, uringnet.TransferRing} {
		s := newEngine(t, small(uringnet.Config{Transfer: want})).Status()
		if s.Ring.Transfer != want || !strings.Contains(s.String(), want.String()+" transfer") {
			t.Errorf("Transfer %v: runs as %v", want, s)
		}
	}
	s := newEngine(t, uringnet.Config{Rings: 1}).Status()
	dear := s.Ring.Transfer == uringnet.TransferRing
	if s.Ring.SyscallCost <= 0 || s.Ring.Transfer != uringnet.TransferBatch && !dear || dear != (s.Ring.SyscallCost >= 450) {
		t.Errorf("auto: %v for %v a system call", s.Ring.Transfer, s.Ring.SyscallCost)
	}
	if !strings.Contains(s.String(), "a system call costs") {
		t.Errorf("auto: %v does not say why", s)
	}
	s = newEngine(t, uringnet.Config{Rings: 1, Disable: uringnet.FeatIOUring}).Status()
	if s.Ring.Transfer != uringnet.TransferDirect || s.IOUring || s.Reason == "" || s.Ring.Rings != 1 {
		t.Errorf("without io_uring: %+v", s)
	}
}

// The counters tell what went which way: direct transfer uses no ring, batch
// transfer receives by it what is ready together and sends by calls, ring transfer
// sends by it too.
func TestTransferCounters(t *testing.T) {
	for _, c := range []struct {
		transfer        uringnet.Transfer
		receives, sends bool // by the ring
	}{
		{uringnet.TransferDirect, false, false},
		{uringnet.TransferBatch, true, false},
		{uringnet.TransferRing, true, true},
	} {
		t.Run(c.transfer.String(), func(t *testing.T) {
			e := newEngine(t, uringnet.Config{Rings: 1, Transfer: c.transfer})
			var s poller.Counters
			for range 20 { // connections are ready together now and then
				echoRounds(t, e, 64, 50)
				s = e.Stats().Total
				if (s.Receives > 0) == c.receives && (s.Sends > 0) == c.sends {
					break
				}
			}
			if (s.Receives > 0) != c.receives || (s.Sends > 0) != c.sends || (s.SQEs > 0) != c.receives {
				t.Errorf("%+v: receives by the ring %v, sends %v", s, c.receives, c.sends)
			}
			if s.Overflows != 0 || s.Cancels != 0 || s.Unexpected != 0 {
				t.Errorf("%+v: something stayed in the kernel", s)
			}
		})
	}
}

// A Read that finds its bytes, and a Write that finds room, cost one system call each
// and no report of readiness.
func TestOneCallEach(t *testing.T) {
	e := newEngine(t, uringnet.Config{Rings: 1})
	client, server := pair(t, stackOf(e), "tcp")
	write(t, client, "x")
	expect(t, server, "x")
	before := e.Stats().Total
	const rounds = 100
	for range rounds {
		write(t, client, "x") // it is there when Write returns: the loopback delivers at once
		expect(t, server, "x")
	}
	d := e.Stats().Total
	if recvs, sends := d.DirectRecvs-before.DirectRecvs, d.DirectSends-before.DirectSends; recvs > 2*rounds || sends != rounds {
		t.Errorf("%d recv(2) and %d send(2) for %d messages", recvs, sends, rounds)
	}
}
