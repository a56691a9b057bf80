//go:build linux

package uringnet_test

import (
	"errors"
	"net"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// Close of a connection whose step waits for its turn does not wait for the peer
// of the step that runs; nor does Close of the engine. Hard links, with which the
// steps in between still get their turn, change nothing.
func TestChainCloseBehind(t *testing.T) {
	for _, hard := range []bool{false, true} {
		for _, whole := range []bool{false, true} {
			chainEngines(t, func(t *testing.T, e *uringnet.Engine) { closeBehind(t, e, hard, whole) })
		}
	}
}

func closeBehind(t *testing.T, e *uringnet.Engine, hard, whole bool) {

	peer1, first := mixedPair(t, stdStack, stackOf(e), "tcp")
	peer2, second := mixedPair(t, stdStack, stackOf(e), "tcp")
	_, last := mixedPair(t, stdStack, stackOf(e), "tcp")
	ch := e.NewChain()
	s1 := ch.Recv(first, make([]byte, 4))
	s2 := ch.Recv(second, make([]byte, 4))
	if hard {
		s1.Hard()
		s2.Hard()
	}
	s3 := ch.Send(last, []byte("never"))
	ran := startErr("Run", ch.Run).blocked(t)
	if whole {
		_, err := startErr("Engine.Close", e.Close).wait(t)
		must(t, err)
	} else {
		_, err := startErr("Close", last.Close).wait(t)
		must(t, err)
	}
	// Where steps run one by one, those before the closed one go on.
	for _, peer := range []net.Conn{peer1, peer2} {
		_, _ = peer.Write([]byte("abcd"))
	}
	_, err := ran.wait(t)
	if whole && onStd(e) {
		return // it leaves connections alone
	}
	if err == nil {
		t.Error("Run ended without an error")
	}
	// (An engine that closes may end the first steps before it closes the last
	// connection, and hard links then let that one send.)
	if !(hard && whole) && s3.Err == nil {
		t.Error("the closed connection has sent")
	}
	if !whole && e.Status().IOUring && !errors.Is(s3.Err, net.ErrClosed) {
		t.Errorf("the last step: %v", s3.Err)
	}
}

// The steps behind that of the closed connection run if the link is hard: Close
// ends what it has to, and no more.
func TestChainCloseSparesRest(t *testing.T) {
	chainEngines(t, func(t *testing.T, e *uringnet.Engine) {
		_, first := pair(t, stackOf(e), "tcp")
		client, server := pair(t, stackOf(e), "tcp")
		b := make([]byte, 4)
		ch := e.NewChain()
		ch.Recv(first, make([]byte, 4)).Hard()
		rest := ch.Recv(server, b)
		ran := startErr("Run", ch.Run).blocked(t)
		must(t, first.Close())
		write(t, client, "rest")
		if _, err := ran.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Run: %v", err)
		}
		if rest.Err != nil || string(b) != "rest" {
			t.Errorf("the step behind: %v, %q", rest.Err, b)
		}
	})
}
