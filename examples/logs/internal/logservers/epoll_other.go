//go:build !linux

package logservers

import (
	"errors"
	"net"
	"os"
)

func serveEpoll(Options, *tally, *net.TCPListener, *net.TCPListener) error {
	return errors.New("epoll needs Linux")
}

func datasync(f *os.File) error { return f.Sync() }
