package uringnet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

func init() { children["within"] = withinChild }

// A step with a timeout takes two places in a submission queue. With a queue of
// one it runs unlinked; it does not wait for ever for the second. (It would hold
// its ring for ever: this is a process of its own.)
func TestDefectWithinTinyQueue(t *testing.T) {
	forChildKinds(t, "within", []string{"std", "shared", "dedicated", "sqpoll"})
}

func withinChild() error {
	time.AfterFunc(patience, func() { panic("child hangs\n" + allStacks()) })
	cfg, err := childKind()
	if err != nil {
		return err
	}
	for _, entries := range []int{1, 2, 4} {
		cfg.Rings, cfg.SQEntries, cfg.CQEntries = 1, entries, 0
		e, err := uringnet.NewEngine(cfg)
		if err != nil {
			return err
		}
		if err := runWithin(e); err != nil {
			return fmt.Errorf("SQEntries %d: %w", entries, err)
		}
		if err := e.Close(); err != nil {
			return err
		}
	}
	return nil
}

// runWithin runs steps with a timeout: some that are done in time and one that
// is not.
func runWithin(e *uringnet.Engine) error {
	c, peer, err := connected(e)
	if err != nil {
		return err
	}
	defer peer.Close()
	defer c.Close()
	f, err := e.OpenFile(filepath.Join(os.Getenv(dirEnv), "f"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	record, got := []byte("a record"), make([]byte, 8)

	ch := e.NewChain()
	ch.WriteAt(f, record, 0).Within(time.Minute)
	ch.Datasync(f).Within(time.Minute)
	ch.ReadAt(f, got, 0)
	ack := ch.Send(c, []byte("ok")).Within(time.Minute)
	if err := ch.Run(); err != nil || ack.N != 2 || !bytes.Equal(got, record) {
		return fmt.Errorf("chain in time: %w; %d sent, read %q", err, ack.N, got)
	}
	if got, err := readN(peer, 2); got != "ok" || err != nil {
		return fmt.Errorf("the peer got %q, %w", got, err)
	}

	ch = e.NewChain()
	late := ch.Recv(c, make([]byte, 1)).Within(20 * time.Millisecond)
	never := ch.Send(c, []byte("never"))
	if err := ch.Run(); err == nil || late.Err == nil || never.Err == nil || never.N != 0 {
		return fmt.Errorf("chain with nothing to receive: %w (%v, %v)", err, late.Err, never.Err)
	}
	// The ring goes on.
	if _, err := peer.Write([]byte("x")); err != nil {
		return err
	}
	if got, err := readN(c, 1); got != "x" || err != nil {
		return fmt.Errorf("Read = %q, %w", got, err)
	}
	if _, err := c.Write([]byte("y")); err != nil {
		return err
	}
	if got, err := readN(peer, 1); got != "y" || err != nil {
		return fmt.Errorf("the peer got %q, %w", got, err)
	}
	return nil
}
