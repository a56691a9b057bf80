package rt

// A Netpoll is a descriptor's place in the runtime's netpoller (runtime/netpoll.go), as
// each of package net's has one. Its methods may be called from any goroutine.
type Netpoll uintptr
