//go:build !iouringgo

package main

// startIouringGo says why iouring-go is not there. The package refers to a
// function inside package syscall that Go's linker refuses since Go 1.23 unless
// it is told not to check, so it is only built in when it is asked for. With it
// in the default build neither go build nor go test would work here.
func startIouringGo(s *server) (string, error) {
	return "", &unsupportedError{s.kind, s.proto,
		"build with -tags iouringgo -ldflags=-checklinkname=0: it refers to syscall.Sockaddr.sockaddr, which Go 1.23 and later do not link"}
}
