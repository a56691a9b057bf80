package uringnet_test

import (
	"fmt"
	"io"
	"net"
	"testing"
)

// msgReader is how unix connections receive messages.
type msgReader interface {
	net.Conn
	ReadFrom(b []byte) (int, net.Addr, error)
	ReadFromUnix(b []byte) (int, *net.UnixAddr, error)
	ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error)
}

// msgReads are the calls; each says what it returned but the number, which is -1
// in net after a wait.
var msgReads = []struct {
	name string
	call func(c msgReader, b []byte) (string, error)
}{
	{"Read", func(c msgReader, b []byte) (string, error) {
		n, err := c.Read(b)
		return string(taken(b, n)), err
	}},
	{"ReadFrom", func(c msgReader, b []byte) (string, error) {
		n, addr, err := c.ReadFrom(b)
		return fmt.Sprintf("%s from %v", taken(b, n), addr), err
	}},
	{"ReadFromUnix", func(c msgReader, b []byte) (string, error) {
		n, addr, err := c.ReadFromUnix(b)
		return fmt.Sprintf("%s from %v", taken(b, n), addr), err
	}},
	{"ReadMsgUnix", func(c msgReader, b []byte) (string, error) {
		n, oobn, flags, addr, err := c.ReadMsgUnix(b, nil)
		return fmt.Sprintf("%s, %d, %#x from %v", taken(b, n), oobn, flags, addr), err
	}},
	{"ReadMsgUnix with room", func(c msgReader, b []byte) (string, error) {
		n, oobn, flags, addr, err := c.ReadMsgUnix(b, make([]byte, 64))
		return fmt.Sprintf("%s, %d, %#x from %v", taken(b, n), oobn, flags, addr), err
	}},
}

// taken is what a call put into b, which a byte received for the sake of control
// data alone is not.
func taken(b []byte, n int) []byte { return b[:min(max(n, 0), len(b))] }

// The end of a stream is what the net says of it that the program is built with,
// whichever call meets it, waiting or not. (Go 1.27 changed it.)
func TestDefectUnixEnd(t *testing.T) {
	end := func(how string, wait bool, room int) func(t *testing.T, s stack, network string) []string {
		return func(t *testing.T, s stack, network string) (lines []string) {
			for _, k := range msgReads {
				c, sv := pair(t, s, network)
				client, server := c, sv.(msgReader)
				l := errorLog{as: ofConn(server)}
				read := func() (string, error) { return k.call(server, make([]byte, room)) }
				finish := func() {
					if how == "CloseRead" {
						must(t, sv.(interface{ CloseRead() error }).CloseRead())
					} else {
						must(t, client.Close())
					}
				}
				if wait && room > 0 {
					r := start(k.name, read).blocked(t)
					finish()
					got, err := r.wait(t)
					l.add(k.name+" that waited", got, err)
				} else {
					write(t, client, "tail")
					got, err := start(k.name, read).wait(t)
					l.add(k.name, got, err)
					if room == 0 {
						l.read(t, server, 10) // what is left
					}
					finish()
				}
				got, err := start(k.name, read).wait(t)
				l.add(k.name+" at the end", got, err)
				lines = append(append(lines, l.lines...), fmt.Sprint("EOF itself: ", err == io.EOF))
			}
			return lines
		}
	}
	var scenarios []scenario
	for _, how := range []string{"Close", "CloseRead"} {
		for _, wait := range []bool{false, true} {
			name := fmt.Sprintf("%s, waiting %v", how, wait)
			scenarios = append(scenarios, scenario{name, "unix", end(how, wait, 10)})
		}
	}
	compareWithNet(t, append(scenarios, scenario{"no room", "unix", end("Close", false, 0)}))
}
