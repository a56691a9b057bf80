package uringnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// ReadFrom sends files from their offset on, moves the offset, and keeps to
// the bound of a LimitedReader.
func TestReadFromFile(t *testing.T) {
	const size = 1_000_000
	cases := []struct {
		name          string
		offset, limit int64 // limit < 0: none
	}{
		{"whole", 0, -1}, {"offset", 1234, -1}, {"at end", size, -1}, {"limited", 0, 5000},
		{"offset and limit", 999, 100_000}, {"limit beyond end", size - 10, 500}, {"limit zero", 0, 0},
	}
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		f, data := testFile(t, size)
		for _, c := range cases {
			client, server := pair(t, stackOf(e), "tcp")
			_, err := f.Seek(c.offset, io.SeekStart)
			must(t, err)
			want := data[c.offset:]
			var src io.Reader = f
			var lr *io.LimitedReader
			if c.limit >= 0 {
				lr = &io.LimitedReader{R: f, N: c.limit}
				src = lr
				want = want[:min(c.limit, int64(len(want)))]
			}
			r := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
			n, err := start("ReadFrom", func() (int64, error) { return client.(io.ReaderFrom).ReadFrom(src) }).wait(t)
			if n != int64(len(want)) || err != nil {
				t.Fatalf("%s: ReadFrom = %d, %v; want %d", c.name, n, err, len(want))
			}
			if at, _ := f.Seek(0, io.SeekCurrent); at != c.offset+n {
				t.Errorf("%s: file at %d; want %d", c.name, at, c.offset+n)
			}
			if lr != nil && lr.N != c.limit-n {
				t.Errorf("%s: limit left %d; want %d", c.name, lr.N, c.limit-n)
			}
			must(t, client.Close())
			if got, err := r.wait(t); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: reader got %d bytes, %v", c.name, len(got), err)
			}
		}
	})
}

// ReadFrom a file heeds the write deadline and counts what went.
func TestReadFromFileTimeout(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		f, data := testFile(t, beyondSocket)
		client, server := pair(t, stackOf(e), "tcp")
		w := start("ReadFrom", func() (int64, error) { return client.(io.ReaderFrom).ReadFrom(f) }).blocked(t)
		must(t, client.SetWriteDeadline(aLongTimeAgo))
		n, err := w.wait(t)
		checkTimeout(t, "ReadFrom", err)
		if at, _ := f.Seek(0, io.SeekCurrent); at != n {
			t.Errorf("file at %d; ReadFrom returned %d", at, n)
		}
		must(t, client.Close())
		got, err := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) }).wait(t)
		if err != nil || !bytes.Equal(got, data[:n]) {
			t.Fatalf("reader got %d bytes, %v; %d were sent", len(got), err, n)
		}
	})
}

// feed writes data and closes.
func feed(w io.WriteCloser, data string) {
	io.WriteString(w, data)
	w.Close()
}

// ReadFrom any other reader: a pipe, another connection, plain memory.
func TestReadFromOther(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		data := string(randomBytes(4, 300_000))
		r, w, err := os.Pipe()
		must(t, err)
		defer r.Close()
		go feed(w, data)
		feeder, source := pair(t, stackOf(e), "tcp")
		go feed(feeder, data)
		ufeeder, usource := pair(t, stackOf(e), networks()[len(networks())-1])
		go feed(ufeeder, data)

		for name, src := range map[string]io.Reader{
			"memory": strings.NewReader(data), "pipe": r, "tcp": source, "unix": usource,
			"limited tcp": &io.LimitedReader{R: strings.NewReader(data + "more"), N: int64(len(data))},
		} {
			client, server := pair(t, stackOf(e), "tcp")
			got := start("ReadAll", func() ([]byte, error) { return io.ReadAll(server) })
			n, err := start("ReadFrom "+name, func() (int64, error) { return client.(io.ReaderFrom).ReadFrom(src) }).wait(t)
			if n != int64(len(data)) || err != nil {
				t.Fatalf("%s: ReadFrom = %d, %v", name, n, err)
			}
			must(t, client.Close())
			if b, err := got.wait(t); err != nil || string(b) != data {
				t.Fatalf("%s: reader got %d bytes, %v", name, len(b), err)
			}
		}
	})
}

// WriteTo copies to the end, what was received ahead first.
func TestWriteTo(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		data := string(randomBytes(4, 300_000))
		client, server := pair(t, stackOf(e), "tcp")
		write(t, client, "head")
		expect(t, server, "h")
		go feed(client, data)
		var got bytes.Buffer
		n, err := start("WriteTo", func() (int64, error) { return server.(io.WriterTo).WriteTo(&got) }).wait(t)
		if n != int64(3+len(data)) || err != nil || got.String() != "ead"+data {
			t.Fatalf("WriteTo = %d, %v", n, err)
		}

		// To a unix socket, by io.Copy.
		client, server = pair(t, stackOf(e), "tcp")
		out, in := pair(t, stackOf(e), networks()[len(networks())-1])
		go feed(client, data)
		read := start("ReadAll", func() ([]byte, error) { return io.ReadAll(in) })
		n, err = start("io.Copy", func() (int64, error) { return io.Copy(out, server) }).wait(t)
		if n != int64(len(data)) || err != nil {
			t.Fatalf("io.Copy = %d, %v", n, err)
		}
		must(t, out.Close())
		if b, err := read.wait(t); err != nil || string(b) != data {
			t.Fatalf("copied %d bytes, %v", len(b), err)
		}
	})
}

var errBad = errors.New("bad end")

type badEnd struct{}

func (badEnd) Read([]byte) (int, error)  { return 0, errBad }
func (badEnd) Write([]byte) (int, error) { return 0, errBad }

// Errors of ReadFrom and WriteTo, of either side, are net's.
func TestCopyErrors(t *testing.T) {
	run := func(t *testing.T, s stack, network string) []string {
		client, server := pair(t, s, network)
		l := errorLog{as: ofConn(server)}
		c := server.(tcpMethods)
		readFrom := func(what string, r io.Reader) {
			n, err := start("ReadFrom", func() (int64, error) { return c.ReadFrom(r) }).wait(t)
			l.add("ReadFrom "+what, n, err)
		}
		writeTo := func(what string, w io.Writer) {
			n, err := start("WriteTo", func() (int64, error) { return c.WriteTo(w) }).wait(t)
			l.add("WriteTo "+what, n, err)
		}
		f, _ := testFile(t, 1000)
		gone, err := os.Open(f.Name())
		must(t, err)
		gone.Close()
		readFrom("bad reader", badEnd{})
		readFrom("closed file", gone)
		l.lines[1] = strings.ReplaceAll(l.lines[1], f.Name(), "NAME")
		readFrom("nothing", strings.NewReader(""))
		readFrom("no buffers", &net.Buffers{})
		write(t, client, "x")
		writeTo("bad writer", badEnd{})
		must(t, server.SetDeadline(aLongTimeAgo))
		readFrom("memory, late", strings.NewReader("x"))
		readFrom("file, late", f)
		readFrom("buffers, late", &net.Buffers{[]byte("x")})
		writeTo("late", io.Discard)
		must(t, server.SetDeadline(time.Time{}))
		must(t, client.Close())
		writeTo("at end", io.Discard)
		must(t, server.Close())
		readFrom("memory, closed", strings.NewReader("x"))
		readFrom("file, closed", f)
		readFrom("buffers, closed", &net.Buffers{[]byte("x")})
		writeTo("closed", io.Discard)
		return l.lines
	}
	compareWithNet(t, []scenario{{"copy", "tcp tcp6", run}})
}
