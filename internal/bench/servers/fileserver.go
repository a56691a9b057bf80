package servers

import (
	"net"
	"net/http"
	"path/filepath"
)

// smallBuffer is the send buffer of connections whose sending has to wait often.
const smallBuffer = 16 << 10

// smallBuffers gives each connection that it accepts a small send buffer.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if b, ok := c.(interface{ SetWriteBuffer(int) error }); ok {
		err = b.SetWriteBuffer(smallBuffer)
	}
	return c, err
}

// serveFiles serves the directory of the file with net/http.
func serveFiles(ln net.Listener, o Options) error {
	s := newHTTP(o)
	s.Handler = http.FileServer(http.Dir(filepath.Dir(o.File)))
	return s.Serve(ln)
}
