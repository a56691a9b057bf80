package main

import (
	"log"
	"net"
	"os"
	"runtime"
	"time"

	gouringnet "github.com/godzie44/go-uring/net"
	"github.com/godzie44/go-uring/reactor"
	"github.com/godzie44/go-uring/uring"
)

const (
	// gouringEntries is the size of a ring. The reactor drops requests that do
	// not fit, and their connections then hang: there is room for one of each of
	// 16384 connections.
	gouringEntries = 16384
	// gouringTick is for how long the reactor waits for completions before it
	// looks for new requests, so a lone connection waits for it. On one CPU that
	// had answers after 1.4 ms with its default of 1 ms, 0.6 ms with this, and
	// 0.35 ms with 10 µs, which took half as much CPU time again.
	gouringTick = 50 * time.Microsecond
)

// reactorLog takes what the reactor would otherwise keep to itself.
type reactorLog struct{ *log.Logger }

func (l reactorLog) Log(keyvals ...any) { l.Println(keyvals...) }

// listenGoUring listens with go-uring's net package: a reactor with a ring for
// each CPU.
func listenGoUring(*server) (net.Listener, string, error) {
	n := runtime.GOMAXPROCS(0)
	rings, _, err := uring.CreateMany(n, gouringEntries, 1)
	if err != nil {
		return nil, "", err
	}
	r, err := reactor.NewNet(rings, reactor.WithTickTimeout(gouringTick),
		reactor.WithLogger(reactorLog{log.New(os.Stderr, "go-uring: ", 0)}))
	if err != nil {
		return nil, "", err
	}
	ln, err := gouringnet.NewListener(net.ListenConfig{}, "127.0.0.1:0", r)
	if err != nil {
		return nil, "", err
	}
	// It neither sets TCP_NODELAY nor tells the port that the kernel chose.
	addr, err := listenersNoDelay()
	return ln, addr, err
}
