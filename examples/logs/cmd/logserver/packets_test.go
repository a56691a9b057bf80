package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packets makes c listen for datagrams.
func packets(t *testing.T, c *config) {
	c.udp = []string{"127.0.0.1:0"}
	c.unixgram = []string{filepath.Join(t.TempDir(), "log")}
	c.http = "127.0.0.1:0"
}

// packetAddr returns the address of the first socket of a kind.
func (s *server) packetAddr(kind string) net.Addr {
	i := slices.IndexFunc(s.packets, func(p *packetSocket) bool { return p.kind == kind })
	return s.packets[i].conn.LocalAddr()
}

// dialPackets makes a socket that sends to a kind of the server's.
func dialPackets(t *testing.T, s *server, kind string) net.Conn {
	t.Helper()
	a := s.packetAddr(kind)
	c, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// metricsText returns what Prometheus gets.
func (s *server) metricsText(t *testing.T) string {
	t.Helper()
	_, text := fetch(t, s, "/metrics")
	return text
}

// wantMetrics looks for lines.
func wantMetrics(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains("\n"+text, "\n"+want+"\n") {
			name, _, _ := strings.Cut(want, "{")
			var have []string
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, name) {
					have = append(have, line)
				}
			}
			t.Errorf("the metrics have no %s, but\n%s", want, strings.Join(have, ""))
		}
	}
}

// TestPackets sends datagrams to both kinds of sockets, of all sorts.
func TestPackets(t *testing.T) {
	c := testConfig(t, modeEvents)
	packets(t, &c)
	c.tcp = []string{"127.0.0.1:0"}
	c.maxLine = 2000
	s := startServer(t, c)
	long := "<13>" + strings.Repeat("l", 3000)
	var want []string
	bytes := 0
	for _, kind := range []string{"udp", "unixgram"} {
		conn := dialPackets(t, s, kind)
		msgs := append(messages(kind, 100), "no header", "two\nlines", `{"time":1,"level":"error"}`)
		for _, m := range append(slices.Clone(msgs), long, "", "\n") {
			write(t, conn, m+"\n\x00"[:len(m)%3])
			bytes += min(len(m)+len(m)%3, 2000)
			waitFor(t, "room in the socket", func() bool { return s.stats.BytesIn.Load() == uint64(bytes) })
		}
		want = append(append(want, msgs...), long[:2000])
		waitStored(t, s, len(want))
	}
	write(t, dial(t, s, "tcp"), "over TCP\n")
	waitStored(t, s, len(want)+1)
	tcp := len("over TCP\n")
	text := s.metricsText(t)
	wantMetrics(t, text,
		fmt.Sprintf(`logserver_listener_messages_total{listener="unixgram://%s"} 106`, c.unixgram[0]), // empty ones, too
		`logserver_listener_messages_total{listener="udp://127.0.0.1:0"} 106`,
		`logserver_listener_messages_total{listener="tcp://127.0.0.1:0"} 1`,
		fmt.Sprintf(`logserver_listener_bytes_total{listener="tcp://127.0.0.1:0"} %d`, tcp),
		`logserver_listener_connections_total{listener="tcp://127.0.0.1:0"} 1`,
		`logserver_datagrams_dropped_total{listener="udp://127.0.0.1:0",reason="kernel"} 0`,
		"logserver_paused_seconds_total 0",
	)
	stopServer(t, s)
	if _, err := os.Stat(c.unixgram[0]); err == nil {
		t.Error("the socket is left")
	}
	var got []string
	for _, r := range recordsIn(t, c.dir) {
		got = append(got, string(r.Msg))
		kind, _, _ := strings.Cut(r.Source.Listener, "://")
		if r.Cut != (len(r.Msg) == 2000) || kind == "udp" != strings.HasPrefix(r.Source.Peer, "127.0.0.1:") && kind != "tcp" {
			t.Errorf("%.50q: cut: %v, source %+v", r.Msg, r.Cut, r.Source)
		}
		if r.Msg[0] == '{' && (r.Malformed || r.Severity != 3 || r.Time != 1e9) {
			t.Errorf("%q: %+v", r.Msg, r)
		}
	}
	sameMessages(t, got, append(want, "over TCP"))
}

// TestPacketsStop: what is in the sockets when the server is stopped is stored.
func TestPacketsStop(t *testing.T) {
	for range 10 {
		c := testConfig(t, modeConns)
		packets(t, &c)
		s := startServer(t, c)
		msgs := messages("stop", 300)
		for _, kind := range []string{"udp", "unixgram"} {
			conn := dialPackets(t, s, kind)
			for _, m := range msgs {
				write(t, conn, m)
			}
		}
		stopServer(t, s)
		sameMessages(t, storedIn(t, c.dir), append(msgs, msgs...))
	}
}

// TestPacketsLimits: datagrams of sources that may not send, or send too fast, are
// dropped and counted; those of unix sockets are not.
func TestPacketsLimits(t *testing.T) {
	c := testConfig(t, modeEvents)
	packets(t, &c)
	c.deny, c.ratePerIP = []string{"127.0.0.3"}, 5
	s, log := startLogged(t, c)
	to := s.packetAddr("udp").(*net.UDPAddr)
	for _, from := range []string{"127.0.0.2", "127.0.0.3"} {
		conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, to)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for range 50 {
			write(t, conn, "from "+from)
		}
	}
	local := dialPackets(t, s, "unixgram")
	for range 50 {
		write(t, local, "local")
	}
	udp := s.packets[0]
	waitFor(t, "all datagrams", func() bool {
		return s.stats.Received.Load()+udp.lost[lostRate].Load()+udp.lost[lostDenied].Load() == 150
	})
	if n := udp.lost[lostRate].Load(); n < 40 || n > 45 {
		t.Errorf("%d dropped for the rate of 5 a second; want 45 or a little less", n)
	}
	wantMetrics(t, s.metricsText(t), `logserver_datagrams_dropped_total{listener="udp://127.0.0.1:0",reason="not_allowed"} 50`)
	for _, want := range []string{"source=127.0.0.2", "source=127.0.0.3", "-rate-per-ip", "-deny"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, log.String())
		}
	}
	stopServer(t, s)
	if got := strings.Join(storedIn(t, c.dir), ","); strings.Contains(got, "127.0.0.3") || strings.Count(got, "local") != 50 {
		t.Errorf("stored: %s", got)
	}
}

// TestPacketsTaken: an address in use is refused with the name of the flag, as is a
// socket that somebody reads; one that was left is replaced.
func TestPacketsTaken(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	path := filepath.Join(t.TempDir(), "log")
	left, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(c *config) string{
		func(c *config) string { c.udp = []string{taken.LocalAddr().String()}; return "-udp" },
		func(c *config) string { c.unixgram = []string{path}; return "-unixgram" },
		func(c *config) string { c.udp = []string{"127.0.0.1:http:x"}; return "-udp" },
	} {
		c := testConfig(t, modeEvents)
		want := change(&c)
		if s, err := start(c, discard); err == nil {
			s.stop()
			t.Errorf("%s: no error", want)
		} else if !strings.Contains(err.Error(), want+" ") {
			t.Errorf("%s: %v", want, err)
		}
	}
	left.Close()
	c := testConfig(t, modeEvents)
	c.unixgram, c.unixMode = []string{path}, 0o622
	s := startServer(t, c)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o622 {
		t.Errorf("%v, %v; want mode 0622", info.Mode(), err)
	}
	write(t, dialPackets(t, s, "unixgram"), "hello")
	waitStored(t, s, 1)
}

// udpSender is a program for Python that sends with its SysLogHandler over UDP, or to
// a unix socket: the address, its port or none, and how many.
const udpSender = `
import logging, logging.handlers, sys
to = (sys.argv[1], int(sys.argv[2])) if sys.argv[2] else sys.argv[1]
log = logging.getLogger("x")
log.setLevel(logging.INFO)
log.addHandler(logging.handlers.SysLogHandler(to))
for i in range(int(sys.argv[3])):
    log.error("app: message %d", i)
`

// TestPacketClients sends with logger and Python, to both kinds of sockets.
func TestPacketClients(t *testing.T) {
	logger, python := tool(t, "logger"), tool(t, "python3")
	c := testConfig(t, modeEvents)
	packets(t, &c)
	s := startServer(t, c)
	host, port, err := net.SplitHostPort(s.packetAddr("udp").String())
	if err != nil {
		t.Fatal(err)
	}
	const each = 20
	lines := texts(each)
	runs := 0
	for _, command := range [][]string{
		{logger, "-d", "-n", host, "-P", port, "--rfc5424"},
		{logger, "-d", "-n", host, "-P", port, "--rfc3164"},
		{logger, "-u", c.unixgram[0]},
		{logger, "-d", "-u", c.unixgram[0], "--rfc5424"},
		{python, "-c", udpSender, host, port, fmt.Sprint(each)},
		{python, "-c", udpSender, c.unixgram[0], "", fmt.Sprint(each)},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		if command[0] == logger {
			cmd.Args = append(cmd.Args, "-p", "local3.err", "-t", "testtag")
			cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v, %s", command, err, out)
		}
		runs++
		waitStored(t, s, runs*each)
	}
	stopServer(t, s)
	byText := map[string]int{}
	for _, r := range recordsIn(t, c.dir) {
		if bytes.HasPrefix(r.Msg, []byte("<11>app: message ")) { // no time, as SysLogHandler sends it
			byText[string(r.Msg)]++
			continue
		}
		_, text, ok := strings.Cut(string(r.Msg), "testtag: ")
		if !ok {
			_, text, ok = strings.Cut(string(r.Msg), "] ")
		}
		if !ok || r.Malformed || r.Severity != 3 || r.Facility != 19 {
			t.Errorf("%q: malformed: %v, severity %d, facility %d", r.Msg, r.Malformed, r.Severity, r.Facility)
		}
		byText[text]++
	}
	for i := range each {
		if n, m := byText[lines[i]], byText[fmt.Sprintf("<11>app: message %d", i)]; n != 4 || m != 2 {
			t.Errorf("text %d: %d of logger, %d of Python; want 4 and 2", i, n, m)
		}
	}
}

// TestRsyslogUDP has rsyslogd forward over UDP.
func TestRsyslogUDP(t *testing.T) {
	c := testConfig(t, modeEvents)
	packets(t, &c)
	s := startServer(t, c)
	host, port, err := net.SplitHostPort(s.packetAddr("udp").String())
	if err != nil {
		t.Fatal(err)
	}
	r := startRsyslog(t, fmt.Sprintf(`action(type="omfwd" protocol="udp" target=%q port=%q template="RSYSLOG_SyslogProtocol23Format")`, host, port))
	want := texts(500)
	r.log(t, want)
	waitStored(t, s, len(want))
	r.stop()
	stopServer(t, s)
	sameMessages(t, forwarded(t, c.dir), want)
	if n := s.packets[0].in.Dropped(); n != 0 || s.stats.Malformed.Load() != 0 {
		t.Errorf("%d dropped, %d malformed", n, s.stats.Malformed.Load())
	}
}

// TestLabels: a path may have anything.
func TestLabels(t *testing.T) {
	if got := listenerLabel("unix:///a\"b\\c\nd"); got != `listener="unix:///a\"b\\c\nd"` {
		t.Errorf("label %s", got)
	}
}
