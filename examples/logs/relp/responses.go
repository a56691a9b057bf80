package relp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxResponse is how long a response may be, in bytes.
const maxResponse = 64 << 10

// response is a frame from the receiver. Its data are valid until the next.
type response struct {
	txnr uint32 // 0: the receiver ends the session
	data []byte
}

// ok reports whether it accepts what it is the response to.
func (r response) ok() bool {
	code, _, _ := bytes.Cut(r.data, []byte(" "))
	return string(code) == "200"
}

// responses reads the receiver's frames.
type responses struct {
	r    io.Reader
	buf  []byte
	from int // of what is not taken yet in buf
}

func newResponses(r io.Reader) *responses { return &responses{r: r, buf: make([]byte, 0, 4<<10)} }

// buffered reports whether something after the last response has come.
func (r *responses) buffered() bool { return r.from < len(r.buf) }

// next returns the next response. io.EOF means that the stream ended between
// two.
func (r *responses) next() (response, error) {
	for {
		rsp, size, err := parseResponse(r.buf[r.from:])
		if err != nil || size > 0 {
			r.from += size
			return rsp, err
		}
		if err := r.fill(); err != nil {
			if errors.Is(err, io.EOF) && r.buffered() {
				err = io.ErrUnexpectedEOF
			}
			return response{}, err
		}
	}
}

// fill reads more.
func (r *responses) fill() error {
	r.buf = r.buf[:copy(r.buf, r.buf[r.from:])]
	r.from = 0
	if len(r.buf) == cap(r.buf) {
		r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
	}
	n, err := r.r.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// parseResponse reads the response at the start of b. size is 0 if it is not all
// there.
func parseResponse(b []byte) (rsp response, size int, err error) {
	h, ok, err := parseHeader(b)
	switch {
	case err != nil:
		return rsp, 0, err
	case !ok && len(b) > maxHeader:
		return rsp, 0, fmt.Errorf("%w: no header in %d bytes", ErrFrame, len(b))
	case !ok:
		return rsp, 0, nil
	case h.length > maxResponse:
		return rsp, 0, fmt.Errorf("%w: a response of %d bytes", ErrTooLong, h.length)
	}
	switch c := string(h.command); {
	case c == "serverclose" && h.txnr == 0, c == "rsp" && h.txnr > 0:
	default:
		return rsp, 0, fmt.Errorf("%w: %.32q with number %d from the server", ErrFrame, c, h.txnr)
	}
	end := h.size + h.length
	if len(b) <= end {
		return rsp, 0, nil
	}
	if b[end] != '\n' {
		return rsp, 0, fmt.Errorf("%w: %q where its LF should be", ErrFrame, b[end])
	}
	return response{h.txnr, b[h.size:end]}, end + 1, nil
}
