//go:build linux

package uringnet_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A connection's deadlines do not act on a chain's steps, nor are they changed by
// Within; also where the steps are run one by one because the chain is another
// engine's.
func TestChainKeepsDeadlines(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		other := newEngine(t, small(uringnet.Config{}))
		for _, owner := range []*uringnet.Engine{e, other} {
			for _, within := range []time.Duration{0, patience} {
				client, server := pair(t, stackOf(e), "tcp")
				must(t, server.SetDeadline(aLongTimeAgo))
				b := make([]byte, 4)
				ch := owner.NewChain()
				in, out := ch.Recv(server, b), ch.Send(server, []byte("answer"))
				if within > 0 {
					in.Within(within)
					out.Within(within)
				}
				ran := startErr("Run", ch.Run).blocked(t)
				write(t, client, "ask.more")
				_, err := ran.wait(t)
				must(t, err)
				expect(t, client, "answer")
				checkLate(t, server)
				must(t, server.SetDeadline(time.Time{}))
				expect(t, server, "more")
			}
		}
	})
}

// Deadlines that are set while a step waits act when it has ended, and not on it.
func TestChainDeadlineMeanwhile(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		ch := e.NewChain()
		ch.Recv(server, make([]byte, 4)).Within(patience)
		ran := startErr("Run", ch.Run).blocked(t)
		must(t, server.SetDeadline(aLongTimeAgo))
		write(t, client, "late")
		_, err := ran.wait(t)
		must(t, err)
		checkLate(t, server)
	})
}

// A Read that comes while a step receives waits for it, and is not ended by Within.
func TestChainReadMeanwhile(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		ch := e.NewChain()
		ch.Recv(server, make([]byte, 4)).Within(50 * time.Millisecond)
		ran := startErr("Run", ch.Run).blocked(t)
		read := startRead(server, 10)
		if _, err := ran.wait(t); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Run: %v", err)
		}
		write(t, client, "read")
		if got, err := read.wait(t); got != "read" || err != nil {
			t.Errorf("Read: %q, %v", got, err)
		}
	})
}

func checkLate(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := startRead(c, 1).wait(t)
	checkTimeout(t, "Read", err)
	_, err = start("Write", func() (int, error) { return c.Write([]byte("x")) }).wait(t)
	checkTimeout(t, "Write", err)
}
