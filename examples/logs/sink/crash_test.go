package sink

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

func init() { children["sender"] = senderChild }

// The environment of senderChild.
const (
	senderDir   = "LOG_SINK_SENDER_DIR"
	senderURL   = "LOG_SINK_SENDER_URL"
	senderRound = "LOG_SINK_SENDER_ROUND"
)

// maxSent bounds what a child stores in a round.
const maxSent = 10000

// senderChild stores messages, and sends them with a sink, until it is killed. On its
// standard output it says how many are stored, and how many are delivered.
func senderChild() {
	dir, round := os.Getenv(senderDir), os.Getenv(senderRound)
	c, err := Parse(os.Getenv(senderURL))
	if err != nil {
		log.Fatal(err)
	}
	k, err := New(Options{Config: c, Dir: dir, Logger: slog.New(slog.DiscardHandler), keepEvery: 100 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	s, err := store.Open(store.Options{Dir: dir, Durability: store.Group, SegmentSize: 1 << 20})
	if err != nil {
		log.Fatal(err)
	}
	if err := k.Start(s); err != nil {
		log.Fatal(err)
	}
	for n := 0; ; {
		if n < maxSent {
			done := make(waiter, 1)
			l := s.Lane(n)
			l.Begin()
			var seq uint64
			for range 50 {
				var ok bool
				if seq, ok = l.Append(store.Meta{Severity: 6}, []byte(senderMessage(round, n))); !ok {
					log.Fatal("no room for 50 messages")
				}
				n++
			}
			l.Await(seq, done)
			l.End()
			if err := <-done; err != nil {
				log.Fatal(err)
			}
		} else {
			time.Sleep(10 * time.Millisecond) // until it is killed
		}
		fmt.Println(n, k.Counters().Delivered)
	}
}

func senderMessage(round string, i int) string {
	return fmt.Sprintf("<134>1 2026-01-01T00:00:00Z round%s app - - - %d", round, i)
}

// killSender runs a child until enough says so of what it has stored and delivered, kills
// it, and returns how much it said was stored.
func killSender(t *testing.T, dir, url, round string, enough func(stored, delivered int) bool) (stored int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"=sender", senderDir+"="+dir, senderURL+"="+url, senderRound+"="+round)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	lines := bufio.NewReader(out)
	for killed := false; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			if !killed {
				t.Fatalf("the child of round %s ended by itself, or took too long, with %d stored: %s", round, stored, &said)
			}
			break // an unfinished line is nothing
		}
		var delivered int
		if _, err := fmt.Sscanf(line, "%d %d", &stored, &delivered); err != nil {
			t.Fatalf("the child said %q", line)
		}
		if !killed && enough(stored, delivered) {
			killed = true
			_ = cmd.Process.Kill()
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	return stored
}

// leader is the node that leads the stream.
func (v *viewer) leader(nodes []*natsNode) (leader *natsNode) {
	v.t.Helper()
	v.try("finding the leader", func(ctx context.Context) error {
		s, err := v.js.Stream(ctx, "LOGS")
		if err != nil {
			return err
		}
		info, err := s.Info(ctx)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			if info.Cluster != nil && n.Name == info.Cluster.Leader && n.Runs() {
				leader = n
				return nil
			}
		}
		return fmt.Errorf("no leader in %+v", info.Cluster)
	})
	return leader
}

// Three nodes, three replicas: the stream's leader is killed and started again under
// load, and so is the sender itself, several times. Every log that the store acknowledged
// is in the stream, and none twice.
func TestCluster(t *testing.T) {
	nodes := startNodes(t, 3, "")
	v := newViewer(t, nodes)
	v.create(jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}, Replicas: 3, Duplicates: time.Hour})
	dir := t.TempDir()
	url := natsURL(nodes, "outage=1h&window=1000")
	var wanted []string
	for round := range 2 {
		var dead *natsNode
		at := 0
		name := fmt.Sprint(round)
		stored := killSender(t, dir, url, name, func(stored, delivered int) bool {
			switch {
			case dead == nil && delivered >= 500: // under load: the leader goes
				dead = v.leader(nodes)
				dead.kill()
				at = delivered
			case dead != nil && !dead.Runs() && delivered >= at+500: // it goes on without
				dead.start()
				at = delivered
			case dead != nil && dead.Runs():
				return delivered >= at+500 || stored >= maxSent
			}
			return false
		})
		for i := range stored {
			wanted = append(wanted, senderMessage(name, i))
		}
	}
	s := openStore(t, store.Options{Dir: dir})
	k := startSink(t, s, testOptions(t, url, dir, newTestLog(t)))
	eventually(t, "all delivered", func() bool { c := k.Counters(); return c.Connected && c.LagBytes == 0 })
	stopSink(t, k, patience)
	v.exactlyOnce("LOGS", wanted)
	t.Logf("%d logs acknowledged, %d in the stream", len(wanted), v.info("LOGS").State.Msgs)
}
