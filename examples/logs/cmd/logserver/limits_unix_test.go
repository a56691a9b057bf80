//go:build unix

package main

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestTooManyFiles takes the process's descriptors away: the server waits and
// goes on when there are some again.
func TestTooManyFiles(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		limitFiles(t, 300) // before the server starts: an accept keeps the limit it was begun under
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s, log := startLogged(t, c)
		conn := dial(t, s, "tcp")
		write(t, conn, "before\n")
		waitStored(t, s, 1)
		// The clients' sockets are made first; then there is none for accept.
		clients := make([]int, 4)
		for i := range clients {
			fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.Close(fd)
			clients[i] = fd
		}
		taken := takeFiles()
		a := s.addr("tcp").(*net.TCPAddr)
		for _, fd := range clients {
			if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}); err != nil {
				t.Error(err)
			}
			if _, err := syscall.Write(fd, []byte("waiting\n")); err != nil {
				t.Error(err)
			}
		}
		waitFor(t, "accept to fail", func() bool {
			return strings.Contains(log.String(), "logserver: accept")
		})
		for _, f := range taken {
			f.Close()
		}
		waitStored(t, s, 5)
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), []string{"before", "waiting", "waiting", "waiting", "waiting"})
	})
}

// limitFiles lets the process have n descriptors while the test runs.
func limitFiles(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	})
}

// takeFiles opens files until there are no descriptors left.
func takeFiles() (files []*os.File) {
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return files
		}
		files = append(files, f)
	}
}
