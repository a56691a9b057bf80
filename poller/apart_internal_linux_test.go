package poller

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/rt"
)

// tcpPair is a TCP connection: one end an FD of p, the other package net's.
func tcpPair(t *testing.T, p *Poller) (*FD, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	check(t, err)
	t.Cleanup(func() { peer.Close() })
	conn, err := ln.Accept()
	check(t, err)
	defer conn.Close()
	file, err := conn.(*net.TCPConn).File()
	check(t, err)
	defer file.Close()
	sysfd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	check(t, err)
	check(t, unix.SetNonblock(sysfd, true))
	fd, err := p.Open(sysfd, FDOptions{})
	check(t, err)
	t.Cleanup(func() { fd.Close() })
	return fd, peer.(*net.TCPConn)
}

func newAuto(t *testing.T) *Poller {
	t.Helper()
	p, err := New(Config{Rings: 1})
	check(t, err)
	t.Cleanup(func() { p.Close() })
	if !p.apart || p.gathers != (p.transfer != TransferDirect) {
		t.Fatalf("waits apart %v, together %v with transfer %v", p.apart, p.gathers, p.transfer)
	}
	return p
}

// A report that comes together with a deadline or the like is not forgotten.
func TestReportAndEviction(t *testing.T) {
	fd, peer := tcpPair(t, newAuto(t))
	if !fd.enterNetpoll() {
		t.Fatal("not let into the netpoller")
	}
	fd.rd.state.Store(idle)
	done := make(chan struct{})
	go func() {
		defer close(done)
		fd.waitApart(&fd.rd)
	}()
	for !fd.rd.state.CompareAndSwap(apart, idle) { // as evict, before it kicks
		runtime.Gosched()
	}
	_, err := peer.Write([]byte("x"))
	check(t, err)
	<-done
	if fd.rd.state.Load() != ready {
		t.Error("the report is forgotten: the next wait would be for ever")
	}
}

// An end that comes together with bytes is found, though Reads that know better do not
// ask for what is not there.
func TestEndBehindBytes(t *testing.T) {
	p := newAuto(t)
	for range 50 {
		fd, peer := tcpPair(t, p)
		check(t, fd.SetReadDeadline(time.Now().Add(10*time.Second)))
		b := make([]byte, 16)
		for i := range askedReads + 2 {
			_, err := peer.Write([]byte("abc"))
			check(t, err)
			if i == askedReads+1 {
				check(t, peer.CloseWrite())
				_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd.sysfd), Events: unix.POLLRDHUP}}, -1)
				check(t, err) // both are there: one report
			}
			if n, err := fd.Read(b); err != nil || string(b[:n]) != "abc" {
				t.Fatalf("Read = %q, %v", b[:n], err)
			}
		}
		if n, err := fd.Read(b); err != io.EOF {
			t.Fatalf("Read = %d, %v; want the end", n, err)
		}
		fd.Close()
		peer.Close()
	}
}

// The question that finds nothing is spared: each Read costs one receive.
func TestReadsApartDoNotAsk(t *testing.T) {
	p := newAuto(t)
	fd, peer := tcpPair(t, p)
	const reads = 100
	b := make([]byte, 16)
	for range reads {
		read := make(chan error, 1)
		go func() {
			_, err := fd.Read(b)
			read <- err
		}()
		_, err := peer.Write([]byte("abc"))
		check(t, err)
		check(t, <-read)
	}
	if c := p.Counters()[0]; c.DirectRecvs > reads+2*(askedReads+1) {
		t.Errorf("%d receives, %d of them for nothing, in %d Reads", c.DirectRecvs, c.DirectMisses, reads)
	} else if c.Harvests > 2 {
		t.Errorf("%d harvests: the FD did not wait apart", c.Harvests)
	}
}

// until waits for what nothing tells of, within a bound.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// A writer that begins to wait apart leaves a reader alone that waits by the loop.
func TestWriterLeavesReaderParked(t *testing.T) {
	p := newAuto(t)
	fd, peer := tcpPair(t, p)
	p.crowd.on.Store(true)
	read := make(chan error, 1)
	check(t, fd.SetReadDeadline(time.Now().Add(10*time.Second)))
	go func() {
		_, err := fd.Read(make([]byte, 8))
		read <- err
	}()
	until(t, "the reader waits by the loop", func() bool { return fd.rd.state.Load() == waiting })
	p.crowd.on.Store(false)
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		_, _ = fd.Write(make([]byte, 32<<20))
	}()
	until(t, "the writer waits apart", func() bool { return fd.wr.state.Load() == apart })
	_, err := peer.Write([]byte("x"))
	check(t, err)
	if err := <-read; err != nil {
		t.Errorf("Read: %v, though a byte is there", err)
	}
	fd.Close()
	<-wrote
}

// The place of a foreign socket's reader is not given up while it waits there.
func TestForeignReaderKeepsPlace(t *testing.T) {
	p := newAuto(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	f, err := p.OpenForeign(pair[0])
	check(t, err)
	waited := make(chan int, 1)
	go func() { waited <- f.Wait(ForeignRead) }()
	until(t, "the reader waits apart", func() bool { return f.fd.rd.state.Load() == apart })
	p.crowd.on.Store(true)
	before := f.fd.np.at.Load()
	f.fd.wr.lock.Lock()
	if f.fd.waitsApart(&f.fd.wr); f.fd.np.at.Load() != before {
		t.Error("the place is given up")
	}
	f.fd.wr.lock.Unlock()
	p.crowd.on.Store(false)
	f.Evict()
	if code := <-waited; code != ForeignClosing {
		t.Errorf("Wait = %d", code)
	}
	f.Close()
}

// While FDs are moved between waiting apart and together over and over, with blocked
// writers, and deadlines that end waits all the time, every byte arrives once and in order.
func TestMovedWhileWaiting(t *testing.T) {
	p := newAuto(t)
	stop := make(chan struct{})
	var mover sync.WaitGroup
	mover.Go(func() {
		for {
			select {
			case <-stop:
				p.crowd.on.Store(false)
				return
			default:
				p.crowd.on.Store(rand.N(2) == 0)
				time.Sleep(time.Duration(rand.N(200)) * time.Microsecond)
			}
		}
	})
	var exchanges sync.WaitGroup
	for i := range 4 {
		fd, peer := tcpPair(t, p)
		check(t, peer.SetReadBuffer(4<<10))
		limit := time.Duration(300+rand.N(300)) * time.Microsecond
		if i%2 == 0 {
			limit = 20 * time.Second // nothing but a report ends a wait
		}
		exchanges.Go(func() { exchangeBoth(t, fd, peer, limit) })
	}
	exchanges.Wait()
	close(stop)
	mover.Wait()
}

// exchangeBoth sends bytes both ways at once and compares what arrives. Each call of fd's
// has a deadline of at most limit.
func exchangeBoth(t *testing.T, fd *FD, peer *net.TCPConn, limit time.Duration) {
	const size = 128 << 10
	in, out := make([]byte, size), make([]byte, size)
	for i := range in {
		in[i], out[i] = byte(i*7), byte(i*13)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for rest := in; len(rest) > 0; {
			n, err := peer.Write(rest[:min(len(rest), 1+rand.N(3000))])
			if err != nil {
				t.Error(err)
				return
			}
			rest = rest[n:]
		}
	})
	all.Go(func() {
		for rest := out; len(rest) > 0; {
			_ = fd.SetWriteDeadline(time.Now().Add(limit/2 + rand.N(limit/2)))
			n, err := fd.Write(rest[:min(len(rest), 40<<10)])
			if err != nil && (limit > time.Second || !errors.Is(err, os.ErrDeadlineExceeded)) {
				t.Error(err)
				return
			}
			rest = rest[n:]
		}
	})
	all.Go(func() {
		got := make([]byte, size)
		if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, out) {
			t.Errorf("what was written arrives otherwise (%v)", err)
		}
	})
	got := make([]byte, 0, size)
	b := make([]byte, 4<<10)
	for len(got) < size {
		_ = fd.SetReadDeadline(time.Now().Add(limit/2 + rand.N(limit/2)))
		n, err := fd.Read(b[:1+rand.N(len(b))])
		if err != nil && (limit > time.Second || !errors.Is(err, os.ErrDeadlineExceeded)) {
			t.Error(err)
			break
		}
		got = append(got, b[:n]...)
	}
	all.Wait()
	if !bytes.Equal(got, in) {
		t.Error("what was sent is read otherwise")
	}
}

// FDs are tried together when a core receives fast enough, stay so while harvests have
// much to report, and are left alone for a time when they have not.
func TestCrowd(t *testing.T) {
	p := newAuto(t)
	if !p.gathers {
		t.Skip("without io_uring FDs never wait together")
	}
	p.transfer = TransferBatch // as where system calls are cheap
	c := p.cores[0]
	busy := func() {
		for range 2 * crowdReads {
			c.received()
		}
	}
	p.callCost = 0
	if busy(); p.crowd.on.Load() {
		t.Fatal("together though receives are slow")
	}
	p.callCost = time.Hour / (crowdReads * crowdCalls)
	c.stat.bytesIn.Add(3 * crowdReads * maxDeliver)
	for range crowdReads {
		c.received()
	}
	if p.crowd.on.Load() {
		t.Fatal("together though receives are large")
	}
	if busy(); !p.crowd.on.Load() {
		t.Fatal("not tried though receives are fast")
	}
	l := &loop{c: c}
	for range crowdHarvests {
		l.judge(crowdReports)
	}
	if !p.crowd.on.Load() {
		t.Fatal("apart though harvests have enough to report")
	}
	for range crowdHarvests {
		l.judge(crowdReports - 1)
	}
	if p.crowd.on.Load() {
		t.Fatal("together though harvests have little to report")
	}
	if busy(); p.crowd.on.Load() {
		t.Fatal("tried again at once")
	}
	if pause := p.crowd.pause.Load(); pause != int64(2*crowdPause) {
		t.Errorf("the next pause is %v", time.Duration(pause))
	}
	p.crowd.next.Store(rt.Nanotime())
	if busy(); !p.crowd.on.Load() {
		t.Error("not tried again after the pause")
	}
}

// A receive or send that takes long with one P, as when the thread had lost the CPU, has
// calls handed off for a time; with several Ps it does not.
func TestCompany(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var c company
	long := func() int64 { return rt.Nanotime() - 2*int64(longCall) }
	runtime.GOMAXPROCS(2)
	if c.took(long()); c.on.Load() {
		t.Error("handed off though there is another P")
	}
	runtime.GOMAXPROCS(1)
	if c.took(rt.Nanotime()); c.on.Load() {
		t.Error("handed off after a short call")
	}
	if c.took(long()); !c.on.Load() {
		t.Fatal("not handed off after a long call")
	}
	if c.took(rt.Nanotime()); !c.on.Load() {
		t.Error("handed off no more at once")
	}
	c.until.Store(rt.Nanotime() - 1)
	if c.took(rt.Nanotime()); c.on.Load() {
		t.Error("handed off for ever")
	}
}
