package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Exchange is one request and its reply, as a Client plays them. It belongs to
// the Client's goroutine.
type Exchange interface {
	// Request returns the bytes to send for request seq of connection id. The
	// slice is valid until the next call.
	Request(id, seq uint32) []byte
	// Reply takes bytes of the reply to request seq of connection id, which
	// begin at offset off in it, and says whether the reply is now complete.
	// The error is for bytes that are not what the reply must be.
	Reply(id, seq uint32, off int, b []byte) (done bool, err error)
}

// NewExchange returns the exchange of a protocol: "echo", "http", "page" (HTTP, with
// whatever page there is), "json" (HTTP too, with a bigger page), "redis" (PING), "nats" or "grpc". Size is the
// length of a message of echo and nats.
func NewExchange(proto string, size int) (Exchange, error) {
	switch proto {
	case "echo":
		return newEcho(size)
	case "http":
		return &httpGet{request: request("/"), body: "Hello, World!"}, nil
	case "page":
		return &httpGet{request: request("/")}, nil
	case "redis":
		return ping{request: []byte("*1\r\n$4\r\nPING\r\n"), reply: "+PONG\r\n"}, nil
	case "nats":
		return newNATS(size)
	case "grpc":
		return newGRPC()
	case "json":
		return &httpGet{request: request("/json"), bodyLen: jsonLen}, nil
	}
	return nil, fmt.Errorf("unknown protocol %q (one of echo, http, page, json, redis, nats, grpc)", proto)
}

// echo sends a fixed message that begins with the connection and sequence
// numbers, and wants exactly that back.
type echo struct{ msg []byte }

// maxMessage is the longest message; a receive buffer is one byte longer, so
// that a reply that is too long shows.
const maxMessage = 1 << 20

// stampLen is the length of the numbers at the head of a message.
const stampLen = 8

func newEcho(size int) (*echo, error) {
	if size < stampLen || size > maxMessage {
		return nil, fmt.Errorf("message size %d out of range %d to %d", size, stampLen, maxMessage)
	}
	e := &echo{msg: make([]byte, size)}
	for i := range e.msg {
		e.msg[i] = byte(i*7 + i>>8)
	}
	return e, nil
}

func (e *echo) Request(id, seq uint32) []byte {
	binary.LittleEndian.PutUint32(e.msg, id)
	binary.LittleEndian.PutUint32(e.msg[4:], seq)
	return e.msg
}

func (e *echo) Reply(id, seq uint32, off int, b []byte) (bool, error) {
	want := e.Request(id, seq)[off:]
	if len(b) > len(want) {
		return false, fmt.Errorf("echo is %d bytes too long", len(b)-len(want))
	}
	if !bytes.Equal(b, want[:len(b)]) {
		return false, fmt.Errorf("echo differs from what was sent: got % x at offset %d, want % x",
			head(b), off, head(want))
	}
	return len(b) == len(want), nil
}

// ping asks for a sign of life.
type ping struct {
	request []byte
	reply   string
}

func (p ping) Request(_, _ uint32) []byte { return p.request }

func (p ping) Reply(_, _ uint32, off int, b []byte) (bool, error) {
	if end := off + len(b); end > len(p.reply) || string(b) != p.reply[off:end] {
		return false, fmt.Errorf("reply to PING has %q at offset %d", head(b), off)
	}
	return off+len(b) == len(p.reply), nil
}

func head(b []byte) []byte { return b[:min(len(b), 24)] }

// httpGet asks for a page over keep-alive. It reads the length of the first
// reply in full and then wants every reply to have that length and the same
// end: Date is the only field that changes, and its length is fixed.
type httpGet struct {
	request []byte
	body    string // what the page must be, "" if only its length is known
	bodyLen int
	length  int    // of a whole reply, 0 until known
	first   []byte // the first reply so far
	end     []byte // of every reply
}

const (
	httpStatus = "HTTP/1.1 200 OK\r\n"
	// endLen is how much of the end of each reply is compared.
	endLen = 32
	// jsonLen is the length of the page "/json".
	jsonLen = 4096
)

func request(path string) []byte { return []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n") }

func (h *httpGet) Request(_, _ uint32) []byte { return h.request }

func (h *httpGet) Reply(_, _ uint32, off int, b []byte) (bool, error) {
	if h.length == 0 {
		return h.learn(off, b)
	}
	end := off + len(b)
	if end > h.length {
		return false, fmt.Errorf("HTTP reply of %d bytes where all others had %d", end, h.length)
	}
	if off == 0 && len(b) >= len(httpStatus) && string(b[:len(httpStatus)]) != httpStatus {
		return false, fmt.Errorf("HTTP reply begins %q", head(b))
	}
	if end < h.length {
		return false, nil
	}
	if len(b) >= len(h.end) && !bytes.Equal(b[len(b)-len(h.end):], h.end) {
		return false, fmt.Errorf("HTTP reply does not end with the page: %q", b[len(b)-len(h.end):])
	}
	return true, nil
}

// learn reads the first reply, which must be the only one under way.
func (h *httpGet) learn(off int, b []byte) (bool, error) {
	if off != len(h.first) {
		return false, errors.New("two first HTTP replies at once")
	}
	h.first = append(h.first, b...)
	header, body, found := bytes.Cut(h.first, []byte("\r\n\r\n"))
	if !found {
		return false, nil
	}
	n, err := contentLength(header)
	if err != nil {
		return false, err
	}
	if len(body) > n {
		return false, fmt.Errorf("HTTP reply has %d bytes more than Content-Length", len(body)-n)
	}
	if len(body) < n {
		return false, nil
	}
	if h.body != "" && string(body) != h.body || h.bodyLen != 0 && len(body) != h.bodyLen {
		return false, fmt.Errorf("HTTP page of %d bytes is not the one asked for: %q", len(body), head(body))
	}
	h.length = len(h.first)
	h.end = body[max(0, len(body)-endLen):]
	return h.Reply(0, 0, 0, h.first)
}

func contentLength(header []byte) (int, error) {
	for _, line := range bytes.Split(header, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			return strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	return 0, fmt.Errorf("HTTP reply without Content-Length: %q", header)
}
