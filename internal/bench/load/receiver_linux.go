package load

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Receiver reads endless streams.
type Receiver struct {
	flows
	unit, limit  int
	buf, pattern []byte
}

// readLen is how much a Receiver reads at once at most.
const readLen = 256 << 10

// checkLen is how much of the beginning and the end of each read is compared
// with what it should be. All of it would cost as much as receiving it.
const checkLen = 64

// ahead is how much a server and the kernel may hold ready on a connection.
const ahead = 8 << 20

// NewReceiver connects to a server that sends as soon as it is connected.
// A run ends after limit bytes, a multiple of unit.
func NewReceiver(addr string, conns, unit, limit int, spin bool) (*Receiver, error) {
	f, err := newFlows(addr)
	if err != nil {
		return nil, err
	}
	r := &Receiver{flows: f, unit: unit, limit: limit, buf: make([]byte, readLen), pattern: newPattern(readLen)}
	r.Spin = spin
	if err := r.dial(conns); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Run reads up to the limit, whatever d is. What may have been ready before it
// began is read first and not timed; the server has to make up for it, so it
// counts in Total.
func (r *Receiver) Run(d time.Duration) (Slice, error) {
	ready := min(len(r.conns)*ahead, r.limit/2)
	ready -= ready % r.unit
	begin := time.Now()
	if err := r.want(unix.EPOLLIN); err != nil {
		return Slice{}, err
	}
	if err := r.readAll(ready, begin, d); err != nil {
		return Slice{}, err
	}
	timed := time.Now()
	if err := r.readAll(r.limit, begin, d); err != nil {
		return Slice{}, err
	}
	length := time.Since(timed)
	if err := r.want(0); err != nil {
		return Slice{}, err
	}
	err := r.quiet()
	return Slice{Requests: units(r.limit, r.unit), Total: units(r.limit+ready, r.unit), Length: length}, err
}

// readAll reads n bytes.
func (r *Receiver) readAll(n int, begin time.Time, d time.Duration) error {
	for got := 0; got < n; {
		if tooLong(begin, d) {
			return fmt.Errorf("%d of %d bytes came in %v", got, n, time.Since(begin))
		}
		events, err := r.poll()
		if err != nil {
			return err
		}
		for _, ev := range events {
			m, err := r.read(&r.conns[ev.Fd], min(len(r.buf), n-got))
			if err != nil {
				return err
			}
			if got += m; got == n {
				break
			}
		}
	}
	return nil
}

// read reads and checks at most n bytes of a connection.
func (r *Receiver) read(x *flow, n int) (int, error) {
	n, errno := rawRead(x.fd, r.buf[:n])
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0, nil
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case n == 0:
		return 0, errHungUp
	}
	if err := checkPattern(r.pattern, r.buf[:n], x.off); err != nil {
		return 0, err
	}
	x.off += n
	x.served += uint64(n)
	return n, nil
}

// checkPattern compares both ends of b, which begins at off in its stream.
func checkPattern(pattern, b []byte, off int) error {
	n := min(checkLen, len(b))
	want := pattern[off%patternLen:]
	tail := len(b) - n
	if !bytes.Equal(b[:n], want[:n]) || !bytes.Equal(b[tail:], want[tail:len(b)]) {
		return fmt.Errorf("the stream is not what it should be near offset %d: % x", off, head(b))
	}
	return nil
}

// quiet waits until the server has filled the sockets' buffers again, so that
// it does nothing in the turns of others. It does not wait for long.
func (r *Receiver) quiet() error {
	last, same := -1, 0
	for range 50 {
		sum := 0
		for i := range r.conns {
			n, err := unix.IoctlGetInt(r.conns[i].fd, unix.TIOCINQ)
			if err != nil {
				return os.NewSyscallError("ioctl", err)
			}
			sum += n
		}
		if sum != last {
			same = 0
		} else if same++; same == 3 {
			break
		}
		last = sum
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}
