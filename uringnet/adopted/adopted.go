// Package adopted tells a program whether uringnet/adopt has built it. It may be imported
// by any program, on any system: built by plain go, it says no.
package adopted

import (
	"encoding/json"
	"net"
)

// State is what the engine below package net is doing.
type State struct {
	On       bool   // sockets are served by the engine; false with URINGNET=off
	Reason   string // why they are not
	EnvError string // what is wrong with the environment variable URINGNET
	Engine   string // the engine in words; "" before the first stream socket
	Open     uint64 // sockets that it serves now, listeners included
	Opened   uint64 // sockets that it has ever served
	// Counters are what it has done, by name: those of poller.Counters.
	Counters map[string]uint64
}

// built is what net.ErrClosed is in a program that adopt has built.
type built interface{ Uringnet() (stamp, stats string) }

// Stamp names what the program was built with: the Go version, hashes of the edits and
// of the engine, and this module's version. It is "" if adopt has not built it.
func Stamp() string {
	b, ok := net.ErrClosed.(built)
	if !ok {
		return ""
	}
	stamp, _ := b.Uringnet()
	return stamp
}

// Stats returns the state of the engine. It reports false if adopt has not built the
// program.
func Stats() (State, bool) {
	b, ok := net.ErrClosed.(built)
	if !ok {
		return State{}, false
	}
	var s State
	_, stats := b.Uringnet()
	if err := json.Unmarshal([]byte(stats), &s); err != nil {
		return State{Reason: "the engine's state: " + err.Error()}, true
	}
	return s, true
}
