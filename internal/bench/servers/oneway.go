package servers

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/uringnet"
)

// UnsupportedError says that a kind of server does not have a protocol.
type UnsupportedError struct{ Kind, Proto string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("unsupported: %s has no %s", e.Kind, e.Proto)
}

// received counts the bytes that all sinks of this process have read.
var received atomic.Uint64

// sinkConn reads until the end.
func sinkConn(c net.Conn, o Options) {
	buf := make([]byte, o.Buf)
	for {
		n, err := c.Read(buf)
		received.Add(uint64(n))
		if err != nil {
			return
		}
	}
}

// sinkEvents is the same without a goroutine for each connection.
type sinkEvents struct{}

func (sinkEvents) Opened(*uringnet.EventConn)            {}
func (sinkEvents) Data(_ *uringnet.EventConn, b []byte)  { received.Add(uint64(len(b))) }
func (sinkEvents) Closed(_ *uringnet.EventConn, _ error) {}

// period is after how many bytes a source repeats: a prime, so that no buffer
// is a multiple of it, and bytes that are lost or doubled show.
const period = 251

// sourceConn sends without an end.
func sourceConn(c net.Conn, o Options) {
	buf := make([]byte, o.Buf+period)
	for i := range buf {
		buf[i] = byte(i % period)
	}
	for off := 0; ; {
		n, err := c.Write(buf[off : off+o.Buf])
		if err != nil {
			return
		}
		off = (off + n) % period
	}
}

// fileConn sends the file.
func fileConn(c net.Conn, o Options) {
	f, err := os.Open(o.File)
	if err == nil {
		_, err = io.Copy(c, f)
		_ = f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// recvFileConn writes what it gets to the file.
func recvFileConn(c net.Conn, o Options) {
	f, err := os.OpenFile(o.File, os.O_WRONLY, 0)
	if err == nil {
		_, err = io.Copy(f, c)
		_ = f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
