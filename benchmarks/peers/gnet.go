package main

import (
	"runtime"

	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/logging"
	"golang.org/x/sys/unix"
)

// gnetHandler is called by gnet's event loops.
type gnetHandler struct {
	gnet.BuiltinEventEngine
	s    *server
	addr chan<- string
}

// startGnet serves echo and sink with gnet: one loop that accepts and a loop
// for each CPU, its recommended use.
func startGnet(s *server) (string, error) {
	addr := make(chan string, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- gnet.Run(&gnetHandler{s: s, addr: addr}, "tcp://127.0.0.1:0",
			gnet.WithMulticore(true),
			gnet.WithNumEventLoop(runtime.GOMAXPROCS(0)),
			gnet.WithTCPNoDelay(gnet.TCPNoDelay),
			gnet.WithLogLevel(logging.WarnLevel),
		)
	}()
	select {
	case err := <-ended:
		return "", err
	case a := <-addr:
		go func() { s.stopped(<-ended) }()
		return a, nil
	}
}

// OnBoot learns which port the kernel chose: gnet only hands out a copy of the
// listening socket.
func (h *gnetHandler) OnBoot(eng gnet.Engine) gnet.Action {
	fd, err := eng.Dup()
	if err != nil {
		h.s.stopped(err)
		return gnet.Shutdown
	}
	defer func() { _ = unix.Close(fd) }()
	addr, err := sockAddr(fd)
	if err != nil {
		h.s.stopped(err)
		return gnet.Shutdown
	}
	h.addr <- addr
	return gnet.None
}

// OnTraffic takes all that has been read. A write that the kernel does not take
// whole is buffered by gnet.
func (h *gnetHandler) OnTraffic(c gnet.Conn) gnet.Action {
	b, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if h.s.proto == "sink" {
		h.s.received.Add(uint64(len(b)))
		return gnet.None
	}
	if _, err := c.Write(b); err != nil {
		return gnet.Close
	}
	return gnet.None
}
