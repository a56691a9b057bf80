package main

import (
	"runtime"

	"github.com/tidwall/evio"
)

// startEvio serves with evio: a loop for each CPU, connections given to them in
// turn.
func startEvio(s *server) (string, error) {
	ready := make(chan error, 1)
	var addr string
	events := evio.Events{
		NumLoops:    runtime.GOMAXPROCS(0),
		LoadBalance: evio.RoundRobin,
		Serving: func(evio.Server) evio.Action {
			// Evio leaves Nagle's algorithm on and does not show its sockets.
			var err error
			addr, err = listenersNoDelay()
			ready <- err
			if err != nil {
				return evio.Shutdown
			}
			return evio.None
		},
		Opened: func(evio.Conn) ([]byte, evio.Options, evio.Action) {
			// Evio copies what Data returns, so the input buffer may be shared.
			return nil, evio.Options{ReuseInputBuffer: true}, evio.None
		},
		Data: func(_ evio.Conn, in []byte) ([]byte, evio.Action) { return in, evio.None },
	}
	switch s.proto {
	case "sink":
		events.Data = func(_ evio.Conn, in []byte) ([]byte, evio.Action) {
			s.received.Add(uint64(len(in)))
			return nil, evio.None
		}
	case "file":
		// Evio sends what it is given before it closes, and copies all of it.
		all := s.content.(*mapped).bytes
		events.Opened = func(evio.Conn) ([]byte, evio.Options, evio.Action) {
			return all, evio.Options{}, evio.Close
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- evio.Serve(events, "tcp4://127.0.0.1:0") }()
	select {
	case err := <-ended:
		return "", err
	case err := <-ready:
		go func() { s.stopped(<-ended) }()
		return addr, err
	}
}
