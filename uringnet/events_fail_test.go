package uringnet_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// On the standard library, bytes that were read when a Write fails are passed on
// before the error.
func TestEventsStdWriteFails(t *testing.T) {
	forEngines(t, []string{"std"}, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		data := make(chan string, 10)
		closed, onClosed := ends()
		ec, err := e.AttachEvents(server, &eventFuncs{
			data:   func(_ *uringnet.EventConn, b []byte) { data <- string(b) },
			closed: onClosed,
		})
		must(t, err)
		eventually(t, "the connection's goroutine reads", func() bool {
			for stack := range strings.SplitSeq(allStacks(), "\n\n") {
				if strings.Contains(stack, "(*stdEvents).readAll") && strings.Contains(stack, " [IO wait") {
					return true
				}
			}
			return false
		})
		ec.Pause() // the Read that waits brings bytes all the same
		write(t, client, "last")
		failWrites(t, server, ec)
		ec.Resume()
		if got := next(t, "Data", data); got != "last" {
			t.Errorf("Data(%q)", got)
		}
		if err := next(t, "Closed", closed); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("Closed(%v); want the error of the Write", err)
		}
	})
}

// On the standard library, a Write that fails ends the connection also if much
// output is left.
func TestEventsStdWriteFailsWithOutput(t *testing.T) {
	forEngines(t, []string{"std"}, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		written := make(chan struct{})
		closed, onClosed := ends()
		ec, err := e.AttachEvents(server, &eventFuncs{
			data: func(c *uringnet.EventConn, _ []byte) {
				_, _ = c.Write(zeros) // more than the sockets take: it waits
				close(written)
			},
			closed: onClosed,
		})
		must(t, err)
		write(t, client, "go")
		next(t, "Data", written)
		_, err = ec.Write(zeros)
		must(t, err)
		failWrites(t, server, ec)
		if err := next(t, "Closed", closed); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("Closed(%v); want the error of the Write", err)
		}
	})
}

// failWrites makes the writes of a connection that is served fail.
func failWrites(t *testing.T, c net.Conn, ec *uringnet.EventConn) {
	t.Helper()
	must(t, c.(*uringnet.TCPConn).CloseWrite())
	eventually(t, "a Write fails", func() bool {
		_, err := ec.Write([]byte("x"))
		return err != nil
	})
}

