//go:build linux

package uringnet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// noSplice are the ways in which splicing can be denied to a process that may
// copy all the same.
var noSplice = map[string]func() (lift func(), err error){
	"EMFILE": useUpAll,
	"EINVAL": blocked(syscall.EINVAL, unix.SYS_SPLICE),
	"EPERM":  blocked(syscall.EPERM, unix.SYS_SPLICE),
	"ENOSYS": blocked(syscall.ENOSYS, unix.SYS_SPLICE),
	"pipe":   blocked(syscall.EPERM, unix.SYS_PIPE2),
}

// netGivesUp are those under which package net does not copy either.
var netGivesUp = []string{"EPERM", "ENOSYS"}

func init() {
	for name, deny := range noSplice {
		children["nosplice-"+name] = func() error { return copyChild(name, deny) }
	}
}

// A copy between connections and files moves every byte also where it cannot be
// spliced. Each denial is a process of its own.
func TestCopyWithoutSplice(t *testing.T) {
	for name := range noSplice {
		for _, kind := range mainKinds {
			if stdOnly && kind != "std" || kind == "std" && strings.Contains(strings.Join(netGivesUp, " "), name) {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), childEnv+"=nosplice-"+name, kindEnv+"="+kind, "GORACE=atexit_sleep_ms=0")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

func copyChild(name string, deny func() (func(), error)) error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	cfg, err := childKind()
	if err != nil {
		return err
	}
	e, err := uringnet.NewEngine(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := serves("before", stackOf(e)); err != nil { // opens what opens late
		return err
	}
	dir, err := os.MkdirTemp("", "uring")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var errs []error
	copies, err := openCopies(e, dir)
	if err != nil {
		return err
	}
	lift, err := deny()
	if err != nil {
		return fmt.Errorf("cannot deny: %w", err)
	}
	for _, c := range copies {
		if err := c.run(); err != nil {
			errs = append(errs, fmt.Errorf("%s, %s: %w", name, c.what, err))
		}
	}
	if lift != nil {
		lift()
	}
	return errors.Join(errs...)
}

// A spliced copy is one from src to dst; feed puts in what comes out of result.
type splicedCopy struct {
	what   string
	dst    io.Writer
	src    io.Reader
	feed   func(data []byte) error // nil: src is full already
	result func() ([]byte, error)
	end    func() error // after the copy
}

var spliceData = randomBytes(9, 1<<20)

func (c splicedCopy) run() error {
	fed := make(chan error, 1)
	go func() {
		var err error
		if c.feed != nil {
			err = c.feed(spliceData)
		}
		fed <- err
	}()
	type outcome struct {
		b   []byte
		err error
	}
	got := make(chan outcome, 1)
	read := func() {
		b, err := c.result()
		got <- outcome{b, err}
	}
	if _, file := c.dst.(io.Seeker); !file {
		go read()
	}
	n, err := io.Copy(c.dst, c.src)
	if err != nil || n != int64(len(spliceData)) {
		return fmt.Errorf("Copy = %d, %w; want %d", n, err, len(spliceData))
	}
	if err := c.end(); err != nil {
		return err
	}
	if _, file := c.dst.(io.Seeker); file {
		read()
	}
	if o := <-got; o.err != nil || !bytes.Equal(o.b, spliceData) {
		return fmt.Errorf("%d bytes of %d arrived, or others: %w", len(o.b), len(spliceData), o.err)
	}
	return <-fed
}

// openCopies opens all that the copies need while there are descriptors.
func openCopies(e *uringnet.Engine, dir string) ([]splicedCopy, error) {
	var list []splicedCopy
	full := filepath.Join(dir, "full")
	if err := os.WriteFile(full, spliceData, 0o600); err != nil {
		return nil, err
	}
	for _, from := range []string{"tcp", "unix", "File"} {
		for _, to := range []string{"tcp", "unix", "File", "os.File"} {
			c := splicedCopy{what: from + " to " + to}
			if from == "File" {
				f, err := e.OpenFile(full, os.O_RDONLY, 0)
				if err != nil {
					return nil, err
				}
				c.src = f
			} else {
				in, out, err := plainPair(e, from)
				if err != nil {
					return nil, err
				}
				c.src = out
				c.feed = func(data []byte) error {
					_, err := in.Write(data)
					return errors.Join(err, in.(closeWriter).CloseWrite())
				}
			}
			if err := c.openTarget(e, to, filepath.Join(dir, c.what)); err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	return list, nil
}

func (c *splicedCopy) openTarget(e *uringnet.Engine, to, name string) error {
	var err error
	var f interface {
		io.ReadWriteSeeker
		io.Closer
	}
	switch to {
	case "File":
		f, err = e.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	case "os.File":
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	default:
		in, out, err := plainPair(e, to)
		if err != nil {
			return err
		}
		c.dst, c.end = in, in.(closeWriter).CloseWrite
		c.result = func() ([]byte, error) { return io.ReadAll(out) }
		return nil
	}
	if err != nil {
		return err
	}
	c.dst = f
	c.end = func() error {
		_, err := f.Seek(0, io.SeekStart)
		return err
	}
	c.result = func() ([]byte, error) {
		return io.ReadAll(f)
	}
	return nil
}

// closeWriter ends what is sent and keeps the descriptor, of which there are to
// be none to spare.
type closeWriter interface{ CloseWrite() error }

// plainPair is pair without a testing.T.
func plainPair(e *uringnet.Engine, network string) (client, server net.Conn, err error) {
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = "@"
	}
	ln, err := e.Listen(network, addr)
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if client, err = e.Dial(network, ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	server, err = ln.Accept()
	return client, server, err
}
