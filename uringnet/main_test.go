package uringnet_test

import (
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// leakedBuffers reports buffers of an engine that were not given back.
// (newEngine asks of every engine but the default one.)
func leakedBuffers(e *uringnet.Engine) error {
	if u := e.Stats().InUse; u != (poller.InUse{}) {
		return fmt.Errorf("buffers are held: %+v", u)
	}
	return nil
}

// childEnv names the part that a process re-executed by a test plays.
const childEnv = "URINGNET_TEST_CHILD"

// children are the parts, by name. Each returns the process's exit error.
var children = map[string]func() error{}

func TestMain(m *testing.M) {
	debug.SetTraceback("all") // for the watchdogs' panics
	if part := os.Getenv(childEnv); part != "" {
		runChild(part)
	}
	os.Exit(runTests(m))
}

func runChild(part string) {
	f := children[part]
	if f == nil {
		fmt.Fprintf(os.Stderr, "no child part %q\n", part)
		os.Exit(2)
	}
	if err := f(); err != nil {
		fmt.Fprintf(os.Stderr, "child %s: %v\n", part, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runTests runs the tests and fails if they leave anything behind.
func runTests(m *testing.M) int {
	startOnceOnly()
	code := leakcheck.Main(m.Run, 10*time.Second)
	if err := leakedBuffers(uringnet.Default()); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: leaked buffers: %v\n", err)
		code = max(code, 1)
	}
	return code
}

// startOnceOnly makes what lives as long as the process: the runtime's poller, and the
// default engine with the rings and loops that files and events are the first to need.
func startOnceOnly() {
	e := uringnet.Default()
	_, _ = e.FixedBuffers()
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	defer ln.Close()
	for range e.Status().Ring.Rings {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return
		}
		defer client.Close()
		c, err := ln.Accept()
		if err != nil {
			return
		}
		closed := make(chan error, 1)
		if ec, err := e.AttachEvents(c, &eventFuncs{closed: func(_ *uringnet.EventConn, err error) { closed <- err }}); err == nil {
			_ = ec.Close()
			<-closed
		}
	}
}
