package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// startLimit is how long a server may take to start, and to end.
const startLimit = 10 * time.Second

// server is a running server.
type server struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	dir   string
	addrs map[string]string // kind of listener -> address
	nodes *nodes            // that it sends on to; nil: none
}

// names are the servers, in the order of their letters. A logserver may be given flags:
// events:drive=shared+batch-delay=1ms.
var names = []string{"epoll", "std", "conns", "events", "events-std", "events-r1", "events-r3"}

// words say what a server is.
func words(name string) string {
	kind, flags, _ := strings.Cut(name, ":")
	if flags == "" {
		return describe[kind]
	}
	return describe[kind] + ", " + strings.ReplaceAll(flags, "+", ", ")
}

// describe says in words what a server is.
var describe = map[string]string{
	"epoll":  "(a) epoll loop, 4 KiB reads, a write for each",
	"std":    "(b) net, a goroutine each, batched writer",
	"conns":  "(c) logserver, a goroutine each",
	"events": "(d) logserver, by events",

	"events-std": "(e) the same on std net and std files",
	"events-r1":  "(f) as (d), sending on to JetStream, one node",
	"events-r3":  "(g) as (d), sending on to JetStream, three nodes, R3",
}

// start starts a server that stores under o.dir.
func (o *options) start(name string, sync bool) (*server, error) {
	s := &server{name: name, addrs: map[string]string{}}
	var err error
	if s.dir, err = os.MkdirTemp(o.dir, "server-"); err != nil {
		return nil, err
	}
	if err = o.command(s, sync); err != nil {
		return nil, err
	}
	if o.verbose {
		s.cmd.Stderr = os.Stderr
	}
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.ready(out); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s did not start: %w", name, err)
	}
	return s, nil
}

// command makes the command that runs a server, and starts what that sends on to.
func (o *options) command(s *server, sync bool) (err error) {
	kind, flags, _ := strings.Cut(s.name, ":")
	if kind == "epoll" || kind == "std" {
		s.cmd = exec.Command(o.Self, "serve", "-kind="+kind, "-dir="+s.dir, fmt.Sprintf("-sync=%v", sync))
		return nil
	}
	durability := "interval" // (a) and (b) count a log as stored when it is written
	if sync {
		durability = "group"
	}
	mode, variant, _ := strings.Cut(kind, "-")
	s.cmd = exec.Command(o.logserver, "-mode="+mode, "-dir="+s.dir, "-durability="+durability, "-interval=1h",
		"-tcp=127.0.0.1:0", "-relp=127.0.0.1:0", "-udp=127.0.0.1:0", "-http=127.0.0.1:0", "-stats=0")
	if variant == "std" {
		s.cmd.Env = append(os.Environ(), "URINGNET=off")
		s.cmd.Args = append(s.cmd.Args, "-files=std")
	}
	if n := replicas[kind]; n > 0 {
		if s.nodes, err = o.startNodes(s.dir, n); err != nil {
			return err
		}
		s.cmd.Args = append(s.cmd.Args, s.nodes.sink())
	}
	for _, f := range strings.Split(flags, "+") {
		if f != "" {
			s.cmd.Args = append(s.cmd.Args, "-"+f)
		}
	}
	return nil
}

// ready reads where the server listens.
func (s *server) ready(out io.Reader) error {
	done := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			switch {
			case len(f) == 3 && f[0] == "listening":
				s.addrs[f[1]] = f[2]
			case len(f) == 1 && f[0] == "ready":
				done <- nil
			}
		}
		done <- io.ErrUnexpectedEOF
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(startLimit):
		return fmt.Errorf("nothing within %v", startLimit)
	}
}

// stop ends the server and removes what it stored.
func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Process.Signal(os.Interrupt)
	timer := time.AfterFunc(startLimit, func() { _ = s.cmd.Process.Kill() })
	_ = s.cmd.Wait()
	timer.Stop()
	if s.nodes != nil {
		s.nodes.kill()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stats asks the server for its state, of which v takes a part.
func (s *server) stats(v any) error {
	resp, err := http.Get("http://" + s.addrs["http"] + "/stats.json")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

// stored asks the server how many logs it has stored.
func (s *server) stored() (uint64, error) {
	var v struct {
		Totals struct {
			Stored    uint64 `json:"stored"`
			Malformed uint64 `json:"malformed"`
		} `json:"totals"`
	}
	if err := s.stats(&v); err != nil {
		return 0, err
	}
	if v.Totals.Malformed > 0 {
		return 0, fmt.Errorf("%s calls %d logs malformed", s.name, v.Totals.Malformed)
	}
	return v.Totals.Stored, nil
}

// settleLimit bounds how long a server may take to store what it has.
const settleLimit = 20 * time.Second

// settle waits until the server has stored so many logs.
func (s *server) settle(want uint64) error {
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		got, err := s.stored()
		if err != nil {
			return err
		}
		if got == want {
			return nil
		}
		if got > want || time.Since(begin) > settleLimit {
			return fmt.Errorf("%s stored %d logs of %d", s.name, got, want)
		}
	}
}

// quiet is how long nothing more has to come for a server to have what will.
const quiet = 50 * time.Millisecond

// arrived waits until a server stores no more, and returns how many logs it has stored
// beyond those of before.
func (s *server) arrived(before uint64) (uint64, error) {
	last, since := uint64(0), time.Now()
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		got, err := s.stored()
		switch {
		case err != nil:
			return 0, err
		case got != last:
			last, since = got, time.Now()
		case time.Since(since) >= quiet:
			return got - before, nil
		case time.Since(begin) > settleLimit:
			return 0, fmt.Errorf("%s goes on storing", s.name)
		}
	}
}

// sweep removes all files of the server but its last: the disk is not what is
// filled here.
func (s *server) sweep() {
	files, _ := filepath.Glob(filepath.Join(s.dir, "*"))
	files = slices.DeleteFunc(files, func(f string) bool { return !strings.HasSuffix(f, ".seg") && !strings.HasSuffix(f, ".log") })
	slices.Sort(files)
	for _, f := range files[:max(0, len(files)-1)] {
		_ = os.Remove(f)
	}
}
