package relp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Errors that end a session.
var (
	// ErrFrame is bytes that are no frame.
	ErrFrame = errors.New("bad RELP frame")
	// ErrTooLong is a frame whose data are longer than the limit.
	ErrTooLong = errors.New("RELP frame is too long")
	// ErrTxnr is a transaction number that is not the next.
	ErrTxnr = errors.New("wrong RELP transaction number")
)

const (
	maxTxnr      = 999_999_999
	maxNumber    = 9  // digits of a number
	maxCommand   = 32 // bytes of a command
	maxHeader    = maxNumber + 1 + maxCommand + 1 + maxNumber
	serverClosed = "0 serverclose 0\n"
)

// next is the transaction number after n.
func next(n uint32) uint32 {
	if n >= maxTxnr {
		return 1
	}
	return n + 1
}

// AppendAck appends the response that accepts a message.
func AppendAck(out []byte, txnr uint32) []byte {
	out = strconv.AppendUint(out, uint64(txnr), 10)
	return append(out, " rsp 6 200 OK\n"...)
}

// appendFrame appends a frame.
func appendFrame(out []byte, txnr uint32, command string, data []byte) []byte {
	out = strconv.AppendUint(out, uint64(txnr), 10)
	out = append(out, ' ')
	out = append(out, command...)
	out = append(out, ' ')
	out = strconv.AppendInt(out, int64(len(data)), 10)
	if len(data) > 0 {
		out = append(out, ' ')
		out = append(out, data...)
	}
	return append(out, '\n')
}

// header is what comes before a frame's data.
type header struct {
	txnr    uint32
	command []byte
	length  int
	size    int // bytes up to the data, or up to the LF if there are none
}

// parseHeader reads the header at the start of b. ok is false if there is not
// all of it yet.
func parseHeader(b []byte) (h header, ok bool, err error) {
	txnr, i, ok, err := number(b, 0, ' ')
	if !ok || err != nil {
		return h, false, err
	}
	end := bytes.IndexAny(b[i:min(len(b), i+maxCommand+1)], " \n")
	if end < 0 {
		if len(b)-i > maxCommand {
			return h, false, fmt.Errorf("%w: a command of more than %d bytes", ErrFrame, maxCommand)
		}
		return h, false, nil
	}
	if end == 0 || b[i+end] == '\n' {
		return h, false, fmt.Errorf("%w: no command", ErrFrame)
	}
	h.txnr, h.command = uint32(txnr), b[i:i+end]
	h.length, h.size, ok, err = number(b, i+end+1, 0)
	if !ok || err != nil {
		return h, false, err
	}
	if b[h.size] == ' ' {
		h.size++
	} else if h.length > 0 {
		return h, false, fmt.Errorf("%w: %q after a length of %d", ErrFrame, b[h.size], h.length)
	}
	return h, true, nil
}

// number reads digits at b[i:] and what ends them: end, or a space or LF if end
// is 0. It returns where the next field begins, or with end 0 where the ending
// byte is.
func number(b []byte, i int, end byte) (n, at int, ok bool, err error) {
	begin := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if i-begin == maxNumber {
			return 0, 0, false, fmt.Errorf("%w: a number of more than %d digits", ErrFrame, maxNumber)
		}
		n = n*10 + int(b[i]-'0')
	}
	switch {
	case i == len(b):
		return 0, 0, false, nil
	case i == begin:
		return 0, 0, false, fmt.Errorf("%w: %q where a number should be", ErrFrame, b[i])
	case end != 0 && b[i] == end:
		return n, i + 1, true, nil
	case end == 0 && (b[i] == ' ' || b[i] == '\n'):
		return n, i, true, nil
	}
	return 0, 0, false, fmt.Errorf("%w: %q after a number", ErrFrame, b[i])
}
