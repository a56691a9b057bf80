package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// signals passes on the first SIGINT or SIGTERM; the second ends the process.
// SIGHUP asks for a reload. SIGPIPE, which a closed standard output brings, does
// nothing.
type signals struct {
	first  chan os.Signal
	hangup chan os.Signal
	caught chan os.Signal
	done   chan struct{}
}

func catchSignals() *signals {
	s := &signals{make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 2), make(chan struct{})}
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(s.caught, os.Interrupt, syscall.SIGTERM)
	signal.Notify(s.hangup, syscall.SIGHUP)
	go s.relay()
	return s
}

func (s *signals) relay() {
	for n := 0; ; n++ {
		select {
		case <-s.done:
			return
		case sig := <-s.caught:
			if n == 0 {
				s.first <- sig
				continue
			}
			fmt.Fprintln(os.Stderr, "logserver: exiting at once")
			os.Exit(1)
		}
	}
}

// release gives the signals their usual effect again.
func (s *signals) release() {
	signal.Stop(s.caught)
	signal.Stop(s.hangup)
	signal.Reset(syscall.SIGPIPE)
	close(s.done)
}
