package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// childEnv makes the test binary a logserver, for tests that kill one.
const childEnv = "LOGSERVER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(leakcheck.Main(m.Run, patience))
}

// discard is the log of servers that are not to start.
var discard = slog.New(slog.DiscardHandler)

// testLog writes a server's log to the test's.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// testConfig is a configuration of a server for tests: nothing is listened on
// yet.
func testConfig(t *testing.T, mode string) config {
	c := defaultConfig()
	c.dir = filepath.Join(t.TempDir(), "segments")
	c.http = ""
	c.mode = mode
	c.batches = 8
	c.selfSigned = true
	return c
}

// startServer starts a server that is stopped when the test ends, if not
// before.
func startServer(t *testing.T, c config) *server {
	t.Helper()
	s, err := start(c, slog.New(slog.NewTextHandler(testLog{t}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, s) })
	return s
}

// stopServer stops a server, once.
func stopServer(t *testing.T, s *server) {
	t.Helper()
	select {
	case <-s.stopping:
	default:
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		select {
		case err := <-s.failed:
			t.Errorf("the server failed: %v", err)
		default:
		}
	}
}

// addr returns the address of the first listener of a kind.
func (s *server) addr(kind string) net.Addr {
	i := slices.IndexFunc(s.listeners, func(l *listener) bool { return l.kind == kind })
	return s.listeners[i].ln.Addr()
}

// dial connects to a listener of the server, by TLS if it wants that.
func dial(t *testing.T, s *server, kind string) net.Conn {
	t.Helper()
	a := s.addr(kind)
	c, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	if kind == "tls" || kind == "relp-tls" {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until ok.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; !ok(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(pause)
	}
}

// waitStored waits until that many logs are stored.
func waitStored(t *testing.T, s *server, n int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d stored logs", n), func() bool { return s.stats.Stored.Load() >= uint64(n) })
}

// storedIn returns all messages stored in a directory, in the order of the
// files.
func storedIn(t *testing.T, dir string) (msgs []string) {
	t.Helper()
	for _, r := range recordsIn(t, dir) {
		msgs = append(msgs, string(r.Msg))
	}
	return msgs
}

func recordsIn(t *testing.T, dir string) (records []store.Record) {
	t.Helper()
	err := new(store.Scanner).Dir(dir, func(r store.Record) error {
		r.Msg = slices.Clone(r.Msg)
		records = append(records, r)
		return nil
	})
	// Torn is a segment that is being written, or that a kill has cut.
	if err != nil && (!errors.Is(err, store.ErrTorn) || errors.Is(err, store.ErrDamaged)) {
		t.Error(err)
	}
	return records
}

// sameMessages compares messages in any order.
func sameMessages(t *testing.T, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	at := func(s []string) string {
		if i < len(s) {
			return strconv.Quote(s[i])
		}
		return "nothing"
	}
	t.Errorf("%d messages, want %d; the first that differs, sorted: %.200s, want %.200s", len(got), len(want), at(got), at(want))
}

// messages makes n syslog messages of a sender.
func messages(sender string, n int) (msgs []string) {
	for i := range n {
		msgs = append(msgs, fmt.Sprintf("<%d>1 2026-01-02T03:04:05.%06dZ host-%s app %d ID%d - message %d of %s: %s",
			8*16+i%8, i, sender, i, i, i, sender, strings.Repeat("x", i%90)))
	}
	return msgs
}

// The framings of plain syslog.

func asLines(msgs []string) string { return strings.Join(msgs, "\n") + "\n" }

func asCounted(msgs []string) string {
	var b strings.Builder
	for _, m := range msgs {
		fmt.Fprintf(&b, "%d %s", len(m), m)
	}
	return b.String()
}

// relpClient speaks RELP by the book, for itself.
type relpClient struct {
	c    net.Conn
	r    *bufio.Reader
	txnr int
}

// openRELP begins a session.
func openRELP(t *testing.T, c net.Conn) *relpClient {
	t.Helper()
	r := &relpClient{c: c, r: bufio.NewReader(c)}
	write(t, c, r.frame("open", "relp_version=0\nrelp_software=test\ncommands=syslog"))
	txnr, data, err := r.response()
	if err != nil || txnr != 1 || !strings.HasPrefix(data, "200 OK") || !strings.Contains(data, "commands=syslog") {
		t.Fatalf("open: %d %q, %v", txnr, data, err)
	}
	return r
}

// frame makes the next frame.
func (r *relpClient) frame(command, data string) string {
	r.txnr++
	if data == "" {
		return fmt.Sprintf("%d %s 0\n", r.txnr, command)
	}
	return fmt.Sprintf("%d %s %d %s\n", r.txnr, command, len(data), data)
}

// frames makes a frame of each message.
func (r *relpClient) frames(msgs []string) string {
	var b strings.Builder
	for _, m := range msgs {
		b.WriteString(r.frame("syslog", m))
	}
	return b.String()
}

// response reads a response; or the server's hint that it closes, as txnr 0.
func (r *relpClient) response() (txnr int, data string, err error) {
	var n int
	var command string
	for i, field := range []any{&txnr, &command, &n} {
		// The last field ends in a space or, if there is no data, in LF.
		word, err := r.word()
		if err != nil {
			return 0, "", err
		}
		if _, err := fmt.Sscan(word, field); err != nil {
			return 0, "", fmt.Errorf("field %d, %q: %w", i, word, err)
		}
	}
	if want := map[bool]string{true: "serverclose", false: "rsp"}[txnr == 0]; command != want {
		return 0, "", fmt.Errorf("command %q; want %s", command, want)
	}
	b := make([]byte, n)
	if n > 0 {
		if _, err := io.ReadFull(r.r, b); err != nil {
			return 0, "", err
		}
		if end, err := r.r.ReadByte(); err != nil || end != '\n' {
			return 0, "", fmt.Errorf("frame ends in %q, %v", end, err)
		}
	}
	return txnr, string(b), nil
}

func (r *relpClient) word() (string, error) {
	var b bytes.Buffer
	for {
		c, err := r.r.ReadByte()
		if err != nil {
			return "", err
		}
		if c == ' ' || c == '\n' {
			return b.String(), nil
		}
		b.WriteByte(c)
	}
}

// acks reads n acknowledgements, which have to be of the transactions from
// first on in order.
func (r *relpClient) acks(t *testing.T, first, n int) {
	t.Helper()
	for want := first; want < first+n; want++ {
		txnr, data, err := r.response()
		if err != nil || txnr != want || !strings.HasPrefix(data, "200") {
			t.Fatalf("acknowledgement %d: %d %q, %v", want, txnr, data, err)
		}
	}
}

// held reports whether a server's metrics say that the store holds connections
// back while writing fails.
func held(t *testing.T, addr string) bool {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/stats.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var r report
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r.Totals.Paused >= 2 && r.Totals.WriteErrors > 0
}
