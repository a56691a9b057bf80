package uringnet

import (
	"net"
	"os"
)

// socketFile returns a File of a stream socket's descriptor, which it owns, of
// the kind that net's File methods return: its descriptor is non-blocking, and
// Fd makes it blocking. Package os makes that kind for net alone, so net is
// asked: it takes a copy of the socket and returns its File. (As a *TCPListener,
// connected or not: a new *TCPConn would set options.) name is for one that is
// made here; net finds it by the socket's addresses.
func socketFile(sysfd int, name string, local net.Addr) (*os.File, error) {
	plain := os.NewFile(uintptr(sysfd), name)
	if isBlocking(sysfd) {
		// Another File's Fd has made the socket blocking, and somebody may
		// rely on it whom net's own copy would disturb.
		return plain, nil
	}
	if _, ok := local.(*net.UnixAddr); ok {
		c, err := net.FileConn(plain)
		plain.Close()
		if err != nil {
			return nil, bareError(err)
		}
		defer c.Close()
		return fileOf(c)
	}
	ln, err := net.FileListener(plain)
	plain.Close()
	if err != nil {
		return nil, bareError(err)
	}
	defer ln.Close()
	return fileOf(ln)
}

func fileOf(c any) (*os.File, error) {
	f, err := c.(filer).File()
	if err != nil {
		return nil, bareError(err)
	}
	return f, nil
}

// bareError returns what a *net.OpError of net's own copy says.
func bareError(err error) error {
	if oe, ok := err.(*net.OpError); ok {
		return oe.Err
	}
	return err
}
