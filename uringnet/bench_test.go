package uringnet_test

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// echoPair is a connection carried by e whose other end, on package net, sends
// back what it gets, without allocating.
type echoPair struct {
	c    net.Conn
	peer net.Conn
	buf  []byte
	done chan struct{}
}

func newEchoPair(tb testing.TB, e *uringnet.Engine, size int) *echoPair {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	c, err := e.Dial("tcp", ln.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	peer, err := ln.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	p := &echoPair{c: c, peer: peer, buf: make([]byte, size), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		b := make([]byte, size)
		for {
			n, err := peer.Read(b)
			if err != nil {
				return
			}
			if _, err := peer.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	return p
}

// round is one Write and the Reads of its echo.
func (p *echoPair) round() error {
	if _, err := p.c.Write(p.buf); err != nil {
		return err
	}
	for n := 0; n < len(p.buf); {
		m, err := p.c.Read(p.buf[n:])
		if err != nil {
			return err
		}
		n += m
	}
	return nil
}

func (p *echoPair) close() {
	p.c.Close()
	p.peer.Close()
	<-p.done
}

// Read and Write allocate nothing, on whatever carries the connection.
func TestNoAllocations(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, size := range []int{64, 4 << 10} {
			p := newEchoPair(t, e, size)
			var err error
			round := func() {
				if rerr := p.round(); rerr != nil {
					err = rerr
				}
			}
			for range 100 { // channels and queues are made on first use
				round()
			}
			n := testing.AllocsPerRun(200, round)
			p.close()
			if err != nil {
				t.Fatal(err)
			}
			if n != 0 {
				t.Errorf("%v allocations for a Write and a Read of %d bytes", n, size)
			}
		}
	})
}

// benchKinds are the kinds of engine that benchmarks run on.
var benchKinds = []string{"std", "shared", "shared-multishot", "dedicated", "sqpoll"}

func benchEngines(b *testing.B, f func(b *testing.B, e *uringnet.Engine)) {
	for _, k := range engineKinds {
		for _, name := range benchKinds {
			if k.name != name || stdOnly && name != "std" {
				continue
			}
			b.Run(name, func(b *testing.B) {
				e, err := uringnet.NewEngine(k.cfg)
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				f(b, e)
			})
		}
	}
}

// BenchmarkEcho is one connection: a Write and the Read of its echo.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			benchEngines(b, func(b *testing.B, e *uringnet.Engine) {
				p := newEchoPair(b, e, size)
				defer p.close()
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := p.round(); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkEchoParallel is 64 connections for each P, each with a goroutine.
func BenchmarkEchoParallel(b *testing.B) {
	benchEngines(b, func(b *testing.B, e *uringnet.Engine) {
		b.SetParallelism(64)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			p := newEchoPair(b, e, 64)
			defer p.close()
			for pb.Next() {
				if err := p.round(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkAccept is connect, an echo of one byte, close, all on the engine.
func BenchmarkAccept(b *testing.B) {
	benchEngines(b, func(b *testing.B, e *uringnet.Engine) {
		ln, err := e.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					_, _ = io.Copy(c, c)
				}()
			}
		}()
		b.ReportAllocs()
		one := make([]byte, 1)
		for b.Loop() {
			c, err := e.Dial("tcp", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := c.Write(one); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(c, one); err != nil {
				b.Fatal(err)
			}
			_ = c.(*uringnet.TCPConn).SetLinger(0) // leave no TIME_WAIT behind
			c.Close()
		}
	})
}
