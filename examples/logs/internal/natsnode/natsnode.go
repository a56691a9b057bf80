// Package natsnode runs NATS servers as processes of their own, for tests and
// measurements: alone, or several as a cluster on loopback.
package natsnode

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// Main is what the main function of nats-server is, as far as it is needed here: the
// arguments are nats-server's. It returns when the server has ended.
func Main(args []string) error {
	opts, err := server.ConfigureOptions(flag.NewFlagSet("nats-server", flag.ContinueOnError), args, nil, nil, nil)
	if err != nil {
		return err
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	if err := server.Run(s); err != nil {
		return err
	}
	s.WaitForShutdown()
	return nil
}

// A Node is a process of a NATS server. One goroutine at a time may use it.
type Node struct {
	Name string
	Addr string // of clients

	config string
	cmd    *exec.Cmd
	output bytes.Buffer // of the process that ended last
	exited chan struct{}
}

// New prepares n servers, a cluster if there are several, which store below dir. extra is
// more of the configuration.
func New(dir string, n int, extra string) (nodes []*Node, err error) {
	var free []string // addresses: n of clients, n of routes
	for range 2 * n {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		free = append(free, addr)
	}
	routes := "nats://" + strings.Join(free[n:], ", nats://")
	for i := range n {
		node := &Node{Name: fmt.Sprintf("n%d", i), Addr: free[i], config: filepath.Join(dir, fmt.Sprintf("n%d.conf", i))}
		text := fmt.Sprintf("listen: %q\nserver_name: %s\njetstream { store_dir: %q, max_mem: 64MiB, max_file: 4GiB }\n%s\n", node.Addr, node.Name, filepath.Join(dir, node.Name), extra)
		if n > 1 {
			text += fmt.Sprintf("cluster { name: test, listen: %q, routes: [%s] }\n", free[n+i], routes)
		}
		if err := os.WriteFile(node.config, []byte(text), 0o600); err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

// freeAddr is an address that the kernel has just given out.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// Addrs are the nodes' addresses as a sink's URL has them.
func Addrs(nodes []*Node) string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Addr)
	}
	return strings.Join(list, ",")
}

// Start starts the server as cmd, a program that calls Main with its last two arguments,
// which are added.
func (n *Node) Start(cmd *exec.Cmd) error {
	n.output.Reset()
	cmd.Args = append(cmd.Args, "-c", n.config)
	cmd.Stderr = &n.output
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.exited = cmd, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(n.exited)
	return nil
}

// Runs reports whether it was started, and not killed.
func (n *Node) Runs() bool { return n.cmd != nil }

// Pid is the process id of a server that runs.
func (n *Node) Pid() int { return n.cmd.Process.Pid }

// Kill kills the server with SIGKILL, if it runs.
func (n *Node) Kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	<-n.exited
	n.cmd = nil
}

// Said is the end of what the server wrote that was killed last.
func (n *Node) Said() string {
	out := n.output.String()
	return out[max(0, len(out)-2000):]
}
