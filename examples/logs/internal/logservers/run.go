package logservers

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// Kinds are the servers there are.
var Kinds = []string{"epoll", "std"}

// Options are what a server is started with.
type Options struct {
	Kind     string
	Dir      string        // where the logs go
	Sync     bool          // acknowledge after fdatasync
	Lifetime time.Duration // after which the process ends by itself
}

// maxLine is the longest log.
const maxLine = 64 << 10

// tally counts logs.
type tally struct {
	stored    atomic.Uint64
	malformed atomic.Uint64
	severity  [8]atomic.Uint64
}

// process does with a log what every server here does: it reads the header and
// appends the message to out. now is that of the chunk.
func (t *tally) process(out, msg []byte, now time.Time) []byte {
	h, ok := syslog.Parse(msg, now)
	if !ok {
		t.malformed.Add(1)
	}
	t.severity[h.Severity&7].Add(1)
	out = append(out, msg...)
	return append(out, '\n')
}

// segmentSize is how large a file gets before the next is begun.
const segmentSize = 256 << 20

// segment is the file that is written to.
type segment struct {
	dir  string
	f    *os.File
	n    int
	size int64
}

// write writes b, to the next file if this one is large.
func (s *segment) write(b []byte) error {
	if s.f == nil || s.size >= segmentSize {
		if s.f != nil {
			if err := s.f.Close(); err != nil {
				return err
			}
		}
		f, err := os.Create(filepath.Join(s.dir, fmt.Sprintf("%09d.log", s.n)))
		if err != nil {
			return err
		}
		s.f, s.size = f, 0
		s.n++
	}
	n, err := s.f.Write(b)
	s.size += int64(n)
	return err
}

// Run serves until its input ends or its lifetime is over.
func Run(o Options, in io.Reader, out io.Writer) error {
	lines, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	acked, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	datagrams, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t := new(tally)
	ended := make(chan error, 3)
	go func() { ended <- http.Serve(web, stats(t)) }()
	switch o.Kind {
	case "epoll":
		go func() { ended <- serveEpoll(o, t, lines.(*net.TCPListener), acked.(*net.TCPListener)) }()
	case "std":
		go func() { ended <- serveStd(o, t, lines, acked, datagrams) }()
	default:
		return fmt.Errorf("unknown kind %q (one of %v)", o.Kind, Kinds)
	}
	fmt.Fprintf(out, "listening tcp %s\nlistening relp %s\nlistening udp %s\nlistening http %s\nready\n",
		lines.Addr(), acked.Addr(), datagrams.LocalAddr(), web.Addr())
	go func() {
		_, err := io.Copy(io.Discard, in)
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(o.Lifetime):
		return fmt.Errorf("still running after %v: stopped", o.Lifetime)
	}
}

// stats answers with how many logs are stored, in logserver's form.
func stats(t *tally) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"totals": map[string]uint64{
			"stored": t.stored.Load(), "malformed": t.malformed.Load(),
		}})
	})
}
