//go:build !linux

package uringnet

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// Elsewhere than on Linux there are no rings: newBackend always fails, and
// what follows only lets the package build.

func newBackend(Config) (backend, error) { return nil, poller.ErrUnsupported }

var errAppend = errors.ErrUnsupported

var errNoRing = errors.New("uringnet: no ring on this system")

func (e *Engine) acceptedTCP(*TCPListener, int) (*TCPConn, error)      { return nil, errNoRing }
func (e *Engine) acceptedUnix(*UnixListener, int) (*UnixConn, error)   { return nil, errNoRing }
func prepareAccepted(f controlFunc, _ net.KeepAliveConfig) controlFunc { return f }
func dupSocket(syscall.Conn) (int, error)                              { return -1, errNoRing }
func closeSocket(int)                                                  {}
func setReadBuffer(stream, int) error                                  { return errNoRing }
func setWriteBuffer(stream, int) error                                 { return errNoRing }
func setNoDelay(stream, bool) error                                    { return errNoRing }
func setKeepAlive(stream, bool) error                                  { return errNoRing }
func setLinger(stream, int) error                                      { return errNoRing }
func setKeepAlivePeriod(stream, time.Duration) error                   { return errNoRing }
func setKeepAliveConfig(stream, net.KeepAliveConfig) error             { return errNoRing }
func isMultipathTCP(stream) (bool, error)                              { return false, errNoRing }
func sendFile(stream, io.Reader) (int64, error, bool)                  { return 0, nil, false }
func spliceTarget(io.Writer) pipeTarget                                { return nil }
func spliceOut(io.Writer, pipeTarget, *conn, int64) (int64, spliceNext, error) {
	return 0, spliceDone, errNoRing
}
func spliceFile(*conn, *File, int64) (int64, error)         { return 0, errNoRing }
func statRing(*File) (fs.FileInfo, error)                   { return nil, errNoRing }
func datasync(f *os.File) error                             { return f.Sync() }
func allocate(*os.File, int64, int64, bool) error           { return errors.ErrUnsupported }
func recvMsg(stream, []byte, []byte) (int, int, int, error) { return 0, 0, 0, errNoRing }
func sendMsg(stream, []byte, []byte) (int, int, error)      { return 0, 0, errNoRing }
