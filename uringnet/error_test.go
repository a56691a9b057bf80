package uringnet_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A scenario provokes errors and describes them. What it says on package net
// is what it has to say on every engine.
type scenario struct {
	name     string
	networks string // names separated by spaces; "" for all
	run      func(t *testing.T, s stack, network string) []string
}

// compareWithNet runs the scenarios on package net and on every engine.
func compareWithNet(t *testing.T, scenarios []scenario) {
	t.Helper()
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for _, sc := range scenarios {
			for _, network := range networks() {
				if sc.networks != "" && !strings.Contains(" "+sc.networks+" ", " "+network+" ") {
					continue
				}
				t.Run(sc.name+"/"+network, func(t *testing.T) {
					want := sc.run(t, stdStack, network)
					got := sc.run(t, stackOf(e), network)
					compareLines(t, got, want)
				})
			}
		}
	})
}

func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("line %d:\n got %s\nwant %s", i, g, w)
		}
	}
}

// addresses gives names to the addresses that errors may contain, which
// differ from run to run.
type addresses map[string]net.Addr

func ofConn(c net.Conn) addresses {
	return addresses{"local": c.LocalAddr(), "remote": c.RemoteAddr()}
}

// name says which address a is, and by which type.
func (as addresses) name(a net.Addr) string {
	if a == nil {
		return "nil"
	}
	name := "other"
	for _, n := range []string{"local", "remote", "listener"} {
		if known := as[n]; known != nil && known.String() == a.String() {
			name = n
			break
		}
	}
	return fmt.Sprintf("%s %T %s", name, a, a.Network())
}

// describe says all that a program can find out about err: types, fields,
// text, and what errors.Is and the methods of net.Error answer.
func (as addresses) describe(what string, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", what)
	as.describeTypes(&b, err)
	var ne net.Error
	if errors.As(err, &ne) {
		//lint:ignore SA1019 net has it
		fmt.Fprintf(&b, " timeout=%v temporary=%v", ne.Timeout(), ne.Temporary())
	}
	for _, target := range []error{net.ErrClosed, os.ErrDeadlineExceeded, os.ErrNotExist, io.EOF} {
		if errors.Is(err, target) {
			fmt.Fprintf(&b, " is(%v)", target)
		}
	}
	if err != nil {
		text := err.Error()
		for n, a := range as {
			if a != nil && len(a.String()) > 1 {
				text = strings.ReplaceAll(text, a.String(), "<"+n+">")
			}
		}
		fmt.Fprintf(&b, " %q", text)
	}
	return b.String()
}

func (as addresses) describeTypes(b *strings.Builder, err error) {
	switch err := err.(type) {
	case nil:
		b.WriteString("nil")
	case *net.OpError:
		fmt.Fprintf(b, "OpError{%s %s source=%s addr=%s ", err.Op, err.Net, as.name(err.Source), as.name(err.Addr))
		as.describeTypes(b, err.Err)
		b.WriteString("}")
	case *os.SyscallError:
		fmt.Fprintf(b, "SyscallError{%s ", err.Syscall)
		as.describeTypes(b, err.Err)
		b.WriteString("}")
	case syscall.Errno:
		fmt.Fprintf(b, "Errno(%d)", uintptr(err))
	default:
		fmt.Fprintf(b, "%T", err)
	}
}

// A log collects descriptions.
type errorLog struct {
	as    addresses
	lines []string
}

func (l *errorLog) add(what string, n any, err error) {
	l.lines = append(l.lines, l.as.describe(fmt.Sprintf("%s = %v", what, n), err))
}

// err adds what a function with only an error returned.
func (l *errorLog) err(what string, err error) { l.add(what, "", err) }

// read and write add the outcome of one bounded Read or Write.
func (l *errorLog) read(t *testing.T, c net.Conn, n int) {
	t.Helper()
	got, err := startRead(c, n).wait(t)
	l.add("Read", got, err)
}

func (l *errorLog) write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	n, err := start("Write", func() (int, error) { return c.Write([]byte(s)) }).wait(t)
	l.add("Write", n, err)
}
