//go:build !linux

package main

import "runtime"

func (o *options) checkPorts() error { return nil }

// sideBySide says why there is none.
func sideBySide(o *options, _ Engine) (SideBySide, error) {
	return SideBySide{
		Left: "it needs Linux (epoll, CPU affinity, /proc); on " + runtime.GOOS +
			" uringnet is the standard library, so there is nothing to compare",
		Conns: o.conns, SliceMs: o.slice.Milliseconds(), Pairs: o.slices, Loads: []Load{},
	}, nil
}
