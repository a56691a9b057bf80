package sink

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/uringnet/go-uringnet/examples/logs/internal/natsnode"
)

func init() {
	children["nats"] = func() {
		if err := natsnode.Main(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// A natsNode is a process of a NATS server that ends with the test.
type natsNode struct {
	*natsnode.Node
	t *testing.T
}

// newNodes prepares n servers, a cluster if there are several. extra is more of the
// configuration.
func newNodes(t *testing.T, n int, extra string) (nodes []*natsNode) {
	t.Helper()
	list, err := natsnode.New(t.TempDir(), n, extra)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range list {
		n := &natsNode{node, t}
		nodes = append(nodes, n)
		t.Cleanup(n.kill)
	}
	return nodes
}

// startNodes prepares and starts n servers.
func startNodes(t *testing.T, n int, extra string) []*natsNode {
	t.Helper()
	nodes := newNodes(t, n, extra)
	for _, node := range nodes {
		node.start()
	}
	return nodes
}

// start starts the server.
func (n *natsNode) start() {
	n.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"=nats")
	if err := n.Start(cmd); err != nil {
		n.t.Fatal(err)
	}
}

// kill kills the server with SIGKILL, if it runs.
func (n *natsNode) kill() {
	n.Kill()
	if n.t.Failed() {
		n.t.Logf("%s said, at the end: %s", n.Name, n.Said())
	}
}

// addrs are the nodes' addresses as a sink's URL has them.
func addrs(nodes []*natsNode) string {
	var list []*natsnode.Node
	for _, n := range nodes {
		list = append(list, n.Node)
	}
	return natsnode.Addrs(list)
}

// A viewer looks at a stream from outside, on a connection that comes back.
type viewer struct {
	t    *testing.T
	conn *nats.Conn
	js   jetstream.JetStream
}

func newViewer(t *testing.T, nodes []*natsNode) *viewer {
	t.Helper()
	v := &viewer{t: t}
	var err error
	v.conn, err = nats.Connect("nats://"+strings.Join(strings.Split(addrs(nodes), ","), ",nats://"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.conn.Close)
	if v.js, err = jetstream.New(v.conn); err != nil {
		t.Fatal(err)
	}
	return v
}

// try calls f until it has no error.
func (v *viewer) try(what string, f func(ctx context.Context) error) {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		err := f(ctx)
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// create makes a stream.
func (v *viewer) create(c jetstream.StreamConfig) {
	v.t.Helper()
	v.try("making a stream", func(ctx context.Context) error {
		_, err := v.js.CreateOrUpdateStream(ctx, c)
		return err
	})
}

// info describes a stream.
func (v *viewer) info(stream string) (info *jetstream.StreamInfo) {
	v.t.Helper()
	v.try("looking at a stream", func(ctx context.Context) error {
		s, err := v.js.Stream(ctx, stream)
		if err == nil {
			info, err = s.Info(ctx)
		}
		return err
	})
	return info
}

// read returns all that a stream has.
func (v *viewer) read(stream string) (all []jetstream.Msg) {
	v.t.Helper()
	v.try("reading a stream", func(ctx context.Context) error {
		all = all[:0]
		want := v.info(stream).State.Msgs
		s, err := v.js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
		if err != nil {
			return err
		}
		for uint64(len(all)) < want {
			batch, err := c.Fetch(1000, jetstream.FetchMaxWait(time.Second))
			if err != nil {
				return err
			}
			for m := range batch.Messages() {
				all = append(all, m)
			}
			if err := batch.Error(); err != nil {
				return err
			}
		}
		return nil
	})
	return all
}

// exactlyOnce fails unless a stream has each of the messages wanted, and none twice.
func (v *viewer) exactlyOnce(stream string, wanted []string) {
	v.t.Helper()
	seen := map[string]int{}
	for _, m := range v.read(stream) {
		seen[string(m.Data())]++
	}
	missing := 0
	for _, w := range wanted {
		if seen[w] == 0 {
			missing++
		}
	}
	twice := 0
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	if missing > 0 || twice > 0 {
		v.t.Errorf("%d messages of %d wanted are not in the stream, %d are twice", missing, len(wanted), twice)
	}
}
