package main

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// sender is a program for Python that sends with its SysLogHandler: its name,
// host, port and how many.
const sender = `
import logging, logging.handlers, socket, sys
h = logging.handlers.SysLogHandler((sys.argv[1], int(sys.argv[2])), socktype=socket.SOCK_STREAM)
log = logging.getLogger("x")
log.setLevel(logging.INFO)
log.addHandler(h)
for i in range(int(sys.argv[3])):
    log.error("app: message %d%s", i, "\n" if i % 2 else "")
h.close()
`

// TestPython sends with Python's SysLogHandler, which ends messages by NUL.
func TestPython(t *testing.T) {
	python := tool(t, "python3")
	forWays(t, func(t *testing.T, w way) {
		const n = 1000
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		s := startServer(t, c)
		host, port, err := net.SplitHostPort(s.addr("tcp").String())
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(python, "-c", sender, host, port, fmt.Sprint(n)).CombinedOutput(); err != nil {
			t.Fatalf("%v, %s", err, out)
		}
		waitStored(t, s, n)
		stopServer(t, s)
		got := storedIn(t, c.dir)
		for i, msg := range got {
			if want := fmt.Sprintf("<11>app: message %d", i); i < n && msg != want {
				t.Fatalf("message %d is %q, want %q", i, msg, want)
			}
		}
		if len(got) != n {
			t.Errorf("%d messages, want %d; the last is %.100q", len(got), n, got[len(got)-1])
		}
	})
}

// TestLongMessages: what is over -max-line holds up nothing behind it.
func TestLongMessages(t *testing.T) {
	forWays(t, func(t *testing.T, w way) {
		c := testConfig(t, w.mode)
		everywhere(t, &c)
		c.maxLine = 1000
		s := startServer(t, c)
		long := "<13>" + strings.Repeat("l", 300<<10)
		for i, kind := range []string{"relp", "relp-tls"} {
			conn := dial(t, s, kind)
			r := openRELP(t, conn)
			write(t, conn, r.frames([]string{long, "behind"}))
			r.acks(t, 2, 2)
			waitStored(t, s, 2*(i+1))
		}
		for i, kind := range []string{"tcp", "tls", "unix"} {
			write(t, dial(t, s, kind), asCounted([]string{long, "<13>behind"})+"behind\n")
			waitStored(t, s, 4+3*(i+1))
		}
		stopServer(t, s)
		cut := long[:1000]
		sameMessages(t, storedIn(t, c.dir), []string{cut, cut, cut, cut, cut, "behind", "behind", "<13>behind", "<13>behind", "<13>behind", "behind", "behind", "behind"})
		if st := s.stats; st.Oversized.Load() != 5 || st.Refused.Load() != 0 || st.ConnErrors.Load() != 0 {
			t.Errorf("%d oversized, %d refused, %d errors", st.Oversized.Load(), st.Refused.Load(), st.ConnErrors.Load())
		}
	})
}
