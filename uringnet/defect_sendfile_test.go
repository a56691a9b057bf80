//go:build linux

package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A source is a file that a test sends, with its offset.
type source interface {
	io.ReadSeeker
	io.Closer
}

// sources opens the file in every way that a connection sends without copying.
func sources(t *testing.T, e *uringnet.Engine, name string) map[string]source {
	t.Helper()
	std, err := os.Open(name)
	must(t, err)
	t.Cleanup(func() { std.Close() })
	ring, err := e.OpenFile(name, os.O_RDONLY, 0)
	must(t, err)
	t.Cleanup(func() { ring.Close() })
	return map[string]source{"os.File": std, "File": ring}
}

// copyAll is io.Copy of the whole of f, in two ways.
var copyAll = map[string]func(w io.Writer, f io.Reader) (int64, error){
	"Copy":  io.Copy,
	"CopyN": func(w io.Writer, f io.Reader) (int64, error) { return io.CopyN(w, f, 2*beyondSocket) },
}

// An io.Copy of a file that ends by its deadline leaves the offset where the next
// one has to go on, also one that could send nothing: nothing is lost, whatever
// number of attempts there are.
func TestCopyFileDeadlineKeepsOffset(t *testing.T) {
	f, data := testFile(t, beyondSocket)
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for how, cp := range copyAll {
			for kind, src := range sources(t, e, f.Name()) {
				if !e.Status().IOUring && kind == "File" {
					continue // net does not know it, and copies
				}
				t.Run(how+" "+kind, func(t *testing.T) { attempts(t, e, data, src, cp) })
			}
		}
	})
}

func attempts(t *testing.T, e *uringnet.Engine, data []byte, src source, cp func(io.Writer, io.Reader) (int64, error)) {
	client, server := pair(t, stackOf(e), "tcp")
	at, err := src.Seek(0, io.SeekStart)
	must(t, err)
	for empty := 0; empty < 1; {
		must(t, client.SetWriteDeadline(time.Time{}))
		w := start("Copy", func() (int64, error) { return cp(client, src) }).blocked(t)
		must(t, client.SetWriteDeadline(aLongTimeAgo))
		n, err := w.wait(t)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Copy: %v; want a timeout", err)
		}
		at += n
		if now, _ := src.Seek(0, io.SeekCurrent); now != at {
			t.Fatalf("file at %d after %d bytes were sent", now, at)
		}
		if n == 0 {
			empty++
		}
	}
	if f, ok := src.(*uringnet.File); ok && e.Status().IOUring { // an os.File moves, as with net
		for range 3 {
			n, err := start("Copy", func() (int64, error) { return cp(client, f) }).wait(t)
			if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("late Copy = %d, %v", n, err)
			}
		}
		if now, _ := src.Seek(0, io.SeekCurrent); now != at {
			t.Fatalf("file at %d after late copies; want %d", now, at)
		}
	}
	must(t, client.SetWriteDeadline(time.Time{}))
	read := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
	_, err = start("Copy", func() (int64, error) { return io.Copy(client, src) }).wait(t)
	must(t, err)
	must(t, client.Close())
	if got, err := read.wait(t); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes of %d arrived, or others: %v", len(got), len(data), err)
	}
}

// Errors of sending a file are net's: those that sendfile(2) meets, and those
// that the copying meets where sendfile cannot be used.
func TestCopyFileErrors(t *testing.T) {
	run := func(t *testing.T, s stack, network string) []string {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		must(t, os.WriteFile(name, make([]byte, 100_000), 0o600))
		open := func(name string, flag int) *os.File {
			f, err := os.OpenFile(name, flag, 0)
			must(t, err)
			t.Cleanup(func() { f.Close() })
			return f
		}
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		try := func(what string, r io.Reader) {
			// Not io.Copy: os.File.WriteTo knows net's types by private methods.
			n, err := start("ReadFrom", func() (int64, error) { return server.(io.ReaderFrom).ReadFrom(r) }).wait(t)
			l.add("ReadFrom "+what, n, err)
			last := &l.lines[len(l.lines)-1]
			*last = strings.ReplaceAll(*last, dir, "DIR")
		}
		try("a file to write to", open(name, os.O_WRONLY))
		try("a directory", open(dir, os.O_RDONLY))
		try("the null device", open(os.DevNull, os.O_RDONLY))
		try("no bytes of it", &io.LimitedReader{R: open(name, os.O_RDONLY)})
		must(t, server.SetWriteDeadline(aLongTimeAgo))
		try("a file, late", open(name, os.O_RDONLY))
		end := open(name, os.O_RDONLY)
		_, err := end.Seek(0, io.SeekEnd)
		must(t, err)
		try("a file at its end, late", end)
		must(t, server.SetWriteDeadline(time.Time{}))
		closer, ok := server.(interface{ CloseWrite() error })
		if !ok {
			t.Fatalf("%T has no CloseWrite", server)
		}
		must(t, closer.CloseWrite())
		try("a file, shut down", open(name, os.O_RDONLY))
		try("a file at its end, shut down", end)
		must(t, client.Close())
		must(t, server.Close())
		try("a file, closed", open(name, os.O_RDONLY))
		try("a file at its end, closed", end)
		return l.lines
	}
	compareWithNet(t, []scenario{{"file", "tcp tcp6", run}})
}

// A file that sendfile(2) refuses is copied, and moves as far as was sent.
func TestCopyFileRefusedBySendfile(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		var p [2]int
		must(t, unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
		r, w := os.NewFile(uintptr(p[0]), "r"), os.NewFile(uintptr(p[1]), "w")
		defer r.Close()
		want := randomBytes(3, 1<<20)
		go func() {
			w.Write(want)
			w.Close()
		}()
		read := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
		n, err := start("Copy", func() (int64, error) { return io.Copy(client, r) }).wait(t)
		if n != int64(len(want)) || err != nil {
			t.Errorf("Copy = %d, %v", n, err)
		}
		must(t, client.(*uringnet.TCPConn).CloseWrite())
		if got, err := read.wait(t); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d arrived, or others: %v", len(got), len(want), err)
		}
	})
}
