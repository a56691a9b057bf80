package uringnet_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A pipe that blocks, as a shell gives one for standard output, takes every byte,
// also when it is full most of the time.
func TestCopyToBlockingPipe(t *testing.T) {
	want := randomBytes(7, 4<<20)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		var p [2]int
		must(t, unix.Pipe2(p[:], unix.O_CLOEXEC))
		r, w := os.NewFile(uintptr(p[0]), "r"), os.NewFile(uintptr(p[1]), "w")
		defer r.Close()
		defer w.Close()
		client, server := pair(t, stackOf(e), "tcp")
		sent := stream(client, want)
		read := start("ReadAll", func() ([]byte, error) { return io.ReadAll(r) })
		n, err := start("Copy", func() (int64, error) { return io.Copy(w, server) }).wait(t)
		if n != int64(len(want)) || err != nil {
			t.Errorf("Copy = %d, %v; want %d", n, err, len(want))
		}
		w.Close()
		if got, err := read.wait(t); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes of %d arrived, or others: %v", len(got), len(want), err)
		}
		_, err = sent.wait(t)
		must(t, err)
	})
}

// A file that stops being one that can be spliced to (splice(2) refuses O_APPEND)
// in the middle of a copy gets every byte all the same: those already taken off
// the socket too.
func TestCopySpliceRefused(t *testing.T) {
	want := randomBytes(8, 4<<20)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		if onStd(e) {
			return // package os itself gives up, and loses them
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		must(t, err)
		defer f.Close()
		client, server := pair(t, stackOf(e), "tcp")
		copied := start("Copy", func() (int64, error) { return io.Copy(f, server) })
		half := len(want) / 2
		_, err = client.Write(want[:half])
		must(t, err)
		eventually(t, "the first half is copied", func() bool {
			st, err := os.Stat(f.Name())
			return err == nil && st.Size() == int64(half)
		})
		must(t, control(f, func(sysfd int) error {
			_, err := unix.FcntlInt(uintptr(sysfd), unix.F_SETFL, unix.O_APPEND)
			return err
		}))
		_, err = stream(client, want[half:]).wait(t)
		must(t, err)
		n, err := copied.wait(t)
		if n != int64(len(want)) || err != nil {
			t.Errorf("Copy = %d, %v; want %d", n, err, len(want))
		}
		if got, _ := os.ReadFile(f.Name()); !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d arrived, or others", len(got), len(want))
		}
	})
}

// control runs call on f's descriptor.
func control(f *os.File, call func(sysfd int) error) error {
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var cerr error
	if err := rc.Control(func(sysfd uintptr) { cerr = call(int(sysfd)) }); err != nil {
		return err
	}
	return cerr
}
