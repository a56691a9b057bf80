package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs a command whose standard output is a terminal and returns what
// comes out of that.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	if code := run(args, tty, &errs); code != 0 {
		t.Fatalf("logserver %q: exit code %d; %s", args, code, &errs)
	}
	fmt.Fprint(tty, "end")
	defer tty.Close()
	var got strings.Builder
	b := make([]byte, 4096)
	for !strings.HasSuffix(got.String(), "end") {
		n, err := master.Read(b)
		got.Write(b[:n])
		if err != nil && err != io.EOF {
			t.Fatalf("%v after %q", err, got.String())
		}
	}
	return strings.ReplaceAll(strings.TrimSuffix(got.String(), "end"), "\r\n", "\n") // the terminal's
}
