package sink

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func init() { children["nats"] = natsChild }

// natsChild is what the main function of nats-server is, as far as tests need it: a
// process of its own, with the server's configuration file in the arguments.
func natsChild() {
	opts, err := server.ConfigureOptions(flag.NewFlagSet("nats-server", flag.ExitOnError), os.Args[1:], nil, nil, nil)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s, err := server.NewServer(opts)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s.ConfigureLogger()
	if err := server.Run(s); err != nil {
		server.PrintAndDie(err.Error())
	}
	s.WaitForShutdown()
}

// A natsNode is a process of a NATS server.
type natsNode struct {
	t      *testing.T
	name   string
	addr   string // of clients
	config string
	cmd    *exec.Cmd
	output bytes.Buffer // of the process that ended last
	exited chan struct{}
}

// freeAddr is an address that the kernel has just given out.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// newNodes prepares n servers, a cluster if there are several. extra is more of the
// configuration.
func newNodes(t *testing.T, n int, extra string) (nodes []*natsNode) {
	t.Helper()
	dir := t.TempDir()
	var routes []string
	for range n {
		routes = append(routes, freeAddr(t))
	}
	for i := range n {
		node := &natsNode{t: t, name: fmt.Sprintf("n%d", i), addr: freeAddr(t), config: filepath.Join(dir, fmt.Sprintf("n%d.conf", i))}
		text := fmt.Sprintf("listen: %q\nserver_name: %s\njetstream { store_dir: %q, max_mem: 64MiB, max_file: 4GiB }\n%s\n", node.addr, node.name, filepath.Join(dir, node.name), extra)
		if n > 1 {
			text += fmt.Sprintf("cluster { name: test, listen: %q, routes: [%s] }\n", routes[i], "nats://"+strings.Join(routes, ", nats://"))
		}
		if err := os.WriteFile(node.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node)
		t.Cleanup(node.kill)
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
	n.cmd = exec.Command(exe, "-c", n.config)
	n.cmd.Env = append(os.Environ(), childEnv+"=nats")
	n.output.Reset()
	n.cmd.Stderr = &n.output
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(n.cmd, n.exited)
}

// kill kills the server with SIGKILL, if it runs.
func (n *natsNode) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	<-n.exited
	n.cmd = nil
	if n.t.Failed() {
		out := n.output.String()
		n.t.Logf("%s said, at the end: %s", n.name, out[max(0, len(out)-2000):])
	}
}

// addrs are the nodes' addresses as a sink's URL has them.
func addrs(nodes []*natsNode) string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.addr)
	}
	return strings.Join(list, ",")
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
