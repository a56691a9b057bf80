package uringnet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

func init() { children["attach"] = attachChild }

// AttachEvents while a Write waits for the peer waits for it, or says that it
// cannot; what was written arrives whole, and before what is written later. (The
// defect ends the process: this is one of its own.)
func TestDefectAttachDuringWrite(t *testing.T) {
	forChildKinds(t, "attach", mainKinds)
}

func attachChild() error {
	time.AfterFunc(patience, func() { panic("child hangs\n" + allStacks()) })
	e, err := childEngine()
	if err != nil {
		return err
	}
	for i := range 5 {
		if err := attachDuringWrite(e); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	return e.Close()
}

// connected returns a connection of e and its peer, of net.
func connected(e *uringnet.Engine) (c, peer net.Conn, err error) {
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if peer, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	c, err = ln.Accept()
	return c, peer, err
}

func attachDuringWrite(e *uringnet.Engine) error {
	c, peer, err := connected(e)
	if err != nil {
		return err
	}
	defer peer.Close()
	want := randomBytes(3, beyondSocket)
	written := start("Write", func() (int, error) { return c.Write(want) })
	for id := <-written.id; !parked(id); {
		select {
		case <-written.done:
			return fmt.Errorf("Write = %d, %v; want it to block", written.val, written.err)
		default:
		}
	}
	closed, onClosed := ends()
	h := &eventFuncs{closed: onClosed, data: func(ec *uringnet.EventConn, b []byte) { _, _ = ec.Write(b) }}
	attached := start("AttachEvents", func() (*uringnet.EventConn, error) { return e.AttachEvents(c, h) })
	if id := <-attached.id; !parkedOrDone(id, attached.done) {
		return errors.New("AttachEvents neither waits nor returns")
	}
	got := make([]byte, len(want))
	if n, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("the peer got %d bytes, %w, or others than were written", n, err)
	}
	<-written.done
	if written.val != len(want) || written.err != nil {
		return fmt.Errorf("Write = %d, %w", written.val, written.err)
	}
	<-attached.done
	return useAttached(attached.val, attached.err, c, peer, closed)
}

// parkedOrDone waits until a goroutine is parked, or is done.
func parkedOrDone(id string, done chan struct{}) bool {
	for deadline := time.Now().Add(patience / 2); time.Now().Before(deadline); {
		select {
		case <-done:
			return true
		default:
			if parked(id) {
				return true
			}
		}
	}
	return false
}

// useAttached echoes on what AttachEvents has returned: an EventConn, or an error
// that leaves the connection to its owner.
func useAttached(ec *uringnet.EventConn, err error, c, peer net.Conn, closed chan error) error {
	var serve *call[struct{}]
	if err != nil {
		fmt.Println("AttachEvents:", err)
		serve = startErr("echo", func() error {
			_, err := io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			return errors.Join(err, c.Close())
		})
	} else if _, err := ec.Write(nil); err != nil {
		return err
	}
	if _, err := peer.Write([]byte("after")); err != nil {
		return err
	}
	if got, err := readN(peer, 5); got != "after" || err != nil {
		return fmt.Errorf("the peer got %q, %w; want an echo", got, err)
	}
	if err := peer.Close(); err != nil {
		return err
	}
	if serve != nil {
		<-serve.done
		return serve.err
	}
	if err := <-closed; err != io.EOF {
		return fmt.Errorf("Closed(%w); want EOF", err)
	}
	return nil
}
