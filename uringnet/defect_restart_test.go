//go:build linux

package uringnet_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/seccomp"
	"github.com/uringnet/go-uringnet/uringnet"
)

func init() {
	children["killed"] = killedChild
	children["refused"] = refusedChild
}

// killedChild listens, takes a connection, says where, and serves until it is
// killed: it waits in Accept and in Read, and in the middle of a Write.
func killedChild() error {
	cfg, err := childKind()
	if err != nil {
		return err
	}
	e, err := uringnet.NewEngine(cfg)
	if err != nil {
		return err
	}
	ln, err := e.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Println(ln.Addr()); err != nil {
		return err
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go io.Copy(io.Discard, c)
		go func() {
			for {
				if _, err := c.Write(zeros); err != nil {
					return
				}
			}
		}()
	}
}

// holdsAddress are the kinds whose rings wait in the kernel for connections. When
// the process dies, the kernel takes the rings down after it has been waited for,
// and they hold the listener's address until then.
var holdsAddress = []string{"dedicated", "sqpoll"}

// When a server was killed and waited for, its address is free at once, as with
// net. (Where rings hold it, after a moment: see docs/limitations.md.)
func TestListenAfterKill(t *testing.T) {
	for _, kind := range []string{"std", "shared", "dedicated", "sqpoll"} {
		if stdOnly && kind != "std" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			holds := strings.Contains(strings.Join(holdsAddress, " "), kind)
			for range 10 {
				if err := listenAfterKill(t, kind, holds); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func listenAfterKill(t *testing.T, kind string, holds bool) error {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=killed", kindEnv+"="+kind)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	addr, err := start("address", func() (string, error) { return bufio.NewReader(out).ReadString('\n') }).wait(t)
	must(t, err)
	addr = strings.TrimSpace(addr)
	clients := make([]net.Conn, 20)
	for i := range clients {
		c, err := net.Dial("tcp", addr)
		must(t, err)
		defer c.Close()
		clients[i] = c
		if _, err := start("Read", func() (int, error) { return c.Read(make([]byte, 1)) }).wait(t); err != nil {
			return fmt.Errorf("Read: %w", err)
		}
	}
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		return fmt.Errorf("Wait: %w", err)
	}
	ln, err := net.Listen("tcp", addr)
	if holds {
		for deadline := time.Now().Add(patience); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // as a server that retries
			ln, err = net.Listen("tcp", addr)
		}
	}
	if err != nil {
		return fmt.Errorf("Listen where a killed server was: %w", err)
	}
	return ln.Close()
}

// refusedChild checks NewEngine where io_uring is refused.
func refusedChild() error {
	if err := seccomp.Block(syscall.EPERM, seccomp.Setup, seccomp.Enter, seccomp.Register); err != nil {
		return err
	}
	for _, mode := range []uringnet.DriveMode{uringnet.ModeShared, uringnet.ModeDedicated, uringnet.ModeSQPoll} {
		e, err := uringnet.NewEngine(uringnet.Config{Mode: mode, Fallback: uringnet.FallbackNever})
		if !errors.Is(err, syscall.EPERM) || e != nil {
			return fmt.Errorf("NewEngine(%v, FallbackNever) = %v, %w; want nil and EPERM", mode, e, err)
		}
	}
	return nil
}

// NewEngine returns no engine with an error, of whatever kind.
func TestNewEngineErrorIsNil(t *testing.T) {
	for _, cfg := range []uringnet.Config{{Rings: -1}, {Fallback: 9}, {Mode: 9}} {
		if e, err := uringnet.NewEngine(cfg); err == nil || e != nil {
			t.Errorf("NewEngine(%+v) = %v, %v", cfg, e, err)
		}
	}
	if stdOnly {
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=refused", uringnet.EnvVar+"=", "GORACE=atexit_sleep_ms=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
