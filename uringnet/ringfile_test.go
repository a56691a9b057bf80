//go:build linux

package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// openNew opens a new file on the engine until the test ends.
func openNew(t *testing.T, e *uringnet.Engine) *uringnet.File {
	t.Helper()
	f, err := e.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// A File does what an os.File does, and reports what it reports.
func TestFile(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		f := openNew(t, e)
		want := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
		n, err := f.WriteAt(want, 3)
		if n != len(want) || err != nil {
			t.Fatalf("WriteAt = %d, %v", n, err)
		}
		must(t, errors.Join(f.Datasync(), f.Sync()))
		got := make([]byte, len(want)+10)
		n, err = f.ReadAt(got, 3)
		if n != len(want) || err != io.EOF || !bytes.Equal(got[:n], want) {
			t.Errorf("ReadAt = %d, %v", n, err)
		}
		must(t, f.Truncate(5))
		if onDisk, err := os.ReadFile(f.Name()); err != nil || string(onDisk) != "\x00\x00\x0001" {
			t.Errorf("on disk %q, %v", onDisk, err)
		}
		if st, err := f.Stat(); err != nil || st.Size() != 5 {
			t.Errorf("Stat = %v, %v", st, err)
		}
		if err := f.Allocate(0, 1<<20, true); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Allocate: %v", err)
		}
		must(t, f.Close())
		if _, err := f.ReadAt(got, 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("ReadAt of a closed file: %v", err)
		}
		if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
	})
}

// Errors are those of os.OpenFile.
func TestFileOpenErrors(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		dir := t.TempDir()
		must(t, os.WriteFile(dir+"/there", nil, 0o600))
		for _, c := range []struct {
			name string
			flag int
			want error
		}{
			{dir + "/none", os.O_RDONLY, fs.ErrNotExist},
			{dir + "/there", os.O_WRONLY | os.O_CREATE | os.O_EXCL, fs.ErrExist},
			{dir, os.O_WRONLY, syscall.EISDIR},
			{dir + "/nul\x00", os.O_RDONLY, syscall.EINVAL},
			{dir + "/there", os.O_WRONLY | os.O_APPEND, syscall.EINVAL},
		} {
			_, err := e.OpenFile(c.name, c.flag, 0o600)
			var pe *fs.PathError
			if !errors.Is(err, c.want) || !errors.As(err, &pe) {
				t.Errorf("OpenFile(%q, %#x): %v; want %v", c.name, c.flag, err, c.want)
			}
		}
	})
}

// Read, Write and Seek share an offset.
func TestFileOffset(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		f := openNew(t, e)
		for _, s := range []string{"one ", "two ", "three"} {
			if n, err := f.Write([]byte(s)); n != len(s) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		for _, c := range []struct {
			off    int64
			whence int
			want   string
		}{{4, io.SeekStart, "two three"}, {-5, io.SeekEnd, "three"}, {-9, io.SeekCurrent, "two three"}} {
			if _, err := f.Seek(c.off, c.whence); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if string(got) != c.want || err != nil {
				t.Errorf("from %d, %d: %q, %v; want %q", c.off, c.whence, got, err, c.want)
			}
		}
		if _, err := f.Seek(-1, io.SeekStart); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Seek(-1): %v", err)
		}
	})
}

// Registered buffers hold what is written and read, and are all given back.
func TestFixedBuffers(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		pool, err := e.FixedBuffers()
		must(t, err)
		f := openNew(t, e)
		a, b := pool.Get(), pool.Get()
		if len(a) != pool.Size() || pool.InUse() != 2 {
			t.Fatalf("buffers of %d bytes, %d in use", len(a), pool.InUse())
		}
		for i := range a {
			a[i] = byte(i)
		}
		_, err = f.WriteAt(a, 0)
		must(t, err)
		_, err = f.ReadAt(b, 0)
		must(t, err)
		if !bytes.Equal(a, b) {
			t.Error("read back differs")
		}
		if s := e.Status(); s.IOUring && (!s.Ring.FixedRegistered || s.Ring.FixedBuffers != pool.Count()) {
			t.Errorf("not registered: %v", s)
		}
		pool.Put(a)
		pool.Put(b)
		var all [][]byte
		for b := pool.Get(); b != nil; b = pool.Get() {
			all = append(all, b)
		}
		if len(all) != pool.Count() {
			t.Errorf("%d buffers of %d", len(all), pool.Count())
		}
		for _, b := range all {
			pool.Put(b)
		}
	})
}

// Closing the engine ends a chain that would wait for ever, and refuses files.
func TestEngineCloseEndsChain(t *testing.T) {
	forEngines(t, []string{"shared", "dedicated", "sqpoll"}, func(t *testing.T, e *uringnet.Engine) {
		_, server := mixedPair(t, stdStack, stackOf(e), "tcp") // a peer that stays
		ch := e.NewChain()
		ch.Recv(server, make([]byte, 1))
		ran := startErr("Run", ch.Run).blocked(t)
		must(t, e.Close())
		if _, err := ran.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Run: %v", err)
		}
		if _, err := e.OpenFile(t.TempDir(), os.O_RDONLY, 0); !errors.Is(err, uringnet.ErrEngineClosed) {
			t.Errorf("OpenFile on a closed engine: %v", err)
		}
	})
}
