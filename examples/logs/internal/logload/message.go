package logload

import (
	"fmt"
	"strconv"
	"strings"
)

// LogSize is the length of a log, without its LF.
const LogSize = 100

// message renders a log of a connection.
func message(conn, seq int) string {
	head := fmt.Sprintf("<%d>1 2026-11-24T12:00:00.%06dZ host%04d app %d - - seq=%07d ",
		8*(conn%24)+seq%8, seq%1000000, conn%10000, conn, seq%10000000)
	return head + strings.Repeat("x", LogSize-len(head))
}

// lines renders n logs as lines.
func lines(conn, n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, message(conn, i)...)
		b = append(b, '\n')
	}
	return b
}

// appendRELP appends n logs as RELP frames, the first with that number.
func appendRELP(b []byte, txnr, n int, msg string) []byte {
	for i := range n {
		b = strconv.AppendInt(b, int64(txnr+i), 10)
		b = append(b, " syslog 100 "...)
		b = append(b, msg...)
		b = append(b, '\n')
	}
	return b
}

// openFrame begins a RELP session.
var openFrame = []byte("1 open 53 relp_version=0\nrelp_software=logbench\ncommands=syslog\n")
