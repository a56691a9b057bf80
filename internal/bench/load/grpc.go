package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/net/http2/hpack"
)

// grpc asks a server for its health, which most have: a unary call of gRPC, on a stream of
// HTTP/2 without TLS.
type grpc struct {
	first, later []byte // a request's header block: the first of a connection, all others
	conns        talks[grpcConn]
}

type grpcConn struct {
	talk
	headers *hpack.Decoder
	body    []byte
	credit  uint32            // bytes of bodies that the server may not yet send again
	fields  map[string]string // of the reply's header and trailer: those in grpcFields
}

const (
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	// grpcServing is the message that says SERVING, behind its length.
	grpcServing = "\x00\x00\x00\x00\x02\x08\x01"
	// grpcCredit is how much of the window of 64 KiB is used before it is given back.
	grpcCredit = 16 << 10
	tableSize  = 4096 // of HPACK: the protocol's default
	maxFrame   = 16 << 10
	frameHead  = 9
)

// The types and flags of frames.
const (
	frameData, frameHeaders, frameReset, frameSettings       = 0, 1, 3, 4
	framePing, frameGoAway, frameWindow                      = 6, 7, 8
	flagEndStream, flagAck, flagEndHeaders, flagPad, flagPri = 1, 1, 4, 8, 32
)

// emptyMessage is what the server is asked: the health of all of it.
var emptyMessage = make([]byte, 5)

// grpcFields are what a reply is judged by.
var grpcFields = [...]string{":status", "grpc-status", "grpc-message"}

func newGRPC() (*grpc, error) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	var blocks [2][]byte
	for i := range blocks {
		for _, f := range []hpack.HeaderField{
			{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"},
			{Name: ":path", Value: "/grpc.health.v1.Health/Check"}, {Name: ":authority", Value: "bench"},
			{Name: "content-type", Value: "application/grpc"}, {Name: "te", Value: "trailers"},
		} {
			if err := e.WriteField(f); err != nil {
				return nil, err
			}
		}
		blocks[i] = bytes.Clone(block.Bytes())
		block.Reset()
	}
	return &grpc{first: blocks[0], later: blocks[1]}, nil
}

func (g *grpc) Request(id, seq uint32) []byte {
	t := g.conns.at(id)
	if !t.next(seq) {
		return t.out
	}
	block := g.later
	if seq == 1 {
		block = g.first
		t.out = append(t.out, preface...)
		t.out = appendFrame(t.out, frameSettings, 0, 0, nil)
		t.fields = map[string]string{}
		t.headers = hpack.NewDecoder(tableSize, t.field)
	}
	t.body = t.body[:0]
	clear(t.fields)
	t.out = appendFrame(t.out, frameHeaders, flagEndHeaders, t.stream(), block)
	t.out = appendFrame(t.out, frameData, flagEndStream, t.stream(), emptyMessage)
	return t.out
}

func (g *grpc) Reply(id, _ uint32, _ int, b []byte) (bool, error) {
	t := g.conns.at(id)
	return t.take(b, t.read)
}

func (g *grpc) Unasked(id uint32, b []byte) error {
	_, err := g.Reply(id, 0, 0, b)
	return err
}

// stream is that of the last request.
func (t *grpcConn) stream() uint32 { return 2*t.seq - 1 }

// field keeps a field of a header.
func (t *grpcConn) field(f hpack.HeaderField) {
	for _, name := range grpcFields {
		if f.Name == name {
			t.fields[name] = f.Value
		}
	}
}

func appendFrame(b []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// read takes a frame.
func (t *grpcConn) read(in []byte) (n int, done bool, err error) {
	if len(in) < frameHead {
		return 0, false, nil
	}
	length := int(in[0])<<16 | int(in[1])<<8 | int(in[2])
	if length > maxFrame {
		return 0, false, fmt.Errorf("HTTP/2: a frame of %d bytes", length)
	}
	if n = frameHead + length; len(in) < n {
		return 0, false, nil
	}
	done, err = t.frame(in[3], in[4], binary.BigEndian.Uint32(in[5:]), in[frameHead:n])
	return n, done, err
}

// frame does what a frame asks for, and says whether it is the reply's last.
func (t *grpcConn) frame(kind, flags byte, stream uint32, payload []byte) (bool, error) {
	switch kind {
	case frameSettings:
		if flags&flagAck == 0 {
			t.owed = appendFrame(t.owed, frameSettings, flagAck, 0, nil)
		}
		return false, nil
	case framePing:
		if flags&flagAck == 0 {
			t.owed = appendFrame(t.owed, framePing, flagAck, 0, payload)
		}
		return false, nil
	case frameWindow: // a server that gives none back ends the connection in time
		return false, nil
	case frameData, frameHeaders:
	default:
		return false, fmt.Errorf("HTTP/2: frame of type %d on stream %d: %q", kind, stream, head(payload))
	}
	if stream != t.stream() || flags&(flagPad|flagPri) != 0 {
		return false, fmt.Errorf("HTTP/2: frame of type %d, flags %#x, on stream %d: want stream %d", kind, flags, stream, t.stream())
	}
	if kind == frameData && flags&flagEndStream != 0 {
		return false, errors.New("gRPC: a reply without a trailer")
	} else if kind == frameData {
		return false, t.data(payload)
	}
	return flags&flagEndStream != 0, t.header(flags, payload)
}

// data takes a piece of the reply's body.
func (t *grpcConn) data(b []byte) error {
	t.body = append(t.body, b...)
	if !bytes.HasPrefix([]byte(grpcServing), t.body) {
		return fmt.Errorf("gRPC: the answer is % x, want % x", head(t.body), grpcServing)
	}
	if t.credit += uint32(len(b)); t.credit >= grpcCredit {
		t.owed = appendFrame(t.owed, frameWindow, 0, 0, binary.BigEndian.AppendUint32(nil, t.credit))
		t.credit = 0
	}
	return nil
}

// header takes the reply's header or trailer.
func (t *grpcConn) header(flags byte, block []byte) error {
	if flags&flagEndHeaders == 0 {
		return errors.New("HTTP/2: a header in several frames")
	}
	if _, err := t.headers.Write(block); err != nil {
		return err
	}
	if err := t.headers.Close(); err != nil {
		return err
	}
	if flags&flagEndStream == 0 {
		return nil
	}
	if t.fields[":status"] != "200" || t.fields["grpc-status"] != "0" || string(t.body) != grpcServing {
		return fmt.Errorf("gRPC: status %q, %q %q, answer % x", t.fields[":status"], t.fields["grpc-status"], t.fields["grpc-message"], t.body)
	}
	return nil
}
