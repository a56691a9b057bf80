package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/sink"
)

// TestSinkChain has one server send on to another, which ends and comes back; the cursor
// is where -sink-dir says, and the metrics tell.
func TestSinkChain(t *testing.T) {
	to := testConfig(t, modeConns)
	to.relp = []string{"127.0.0.1:0"}
	second := startServer(t, to)
	to.relp = []string{second.addr("relp").String()}
	from := testConfig(t, modeEvents)
	from.tcp, from.http = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	from.sinks, from.sinkDir = []string{"relp://" + to.relp[0] + "?name=second"}, t.TempDir()
	first := startServer(t, from)
	var announced strings.Builder
	first.announce(&announced)
	if want := "sending to relp://" + to.relp[0] + " as second\n"; !strings.Contains(announced.String(), want) {
		t.Errorf("announced %q, want %q", &announced, want)
	}
	msgs := messages("chain", 300)
	conn := dial(t, first, "tcp")
	write(t, conn, asLines(msgs[:100]))
	waitStored(t, second, 100)
	stopServer(t, second)
	write(t, conn, asLines(msgs[100:200])) // while nobody is there
	waitStored(t, first, 200)
	second = startServer(t, to)
	write(t, conn, asLines(msgs[200:]))
	waitStored(t, first, 300)
	waitFor(t, "delivery", func() bool { return first.sinks[0].Counters().Delivered == 300 })
	_, text := fetch(t, first, "/metrics")
	for _, want := range []string{"delivered_total{", "delay_seconds_count{"} {
		if !strings.Contains(text, "logserver_sink_"+want+`sink="second",kind="relp"} 300`+"\n") {
			t.Errorf("the metrics do not tell of the sink's %s", want)
		}
	}
	stopServer(t, first)
	stopServer(t, second)
	got := storedIn(t, to.dir)
	slices.Sort(got)
	sameMessages(t, slices.Compact(got), msgs) // at least once
	if files, _ := filepath.Glob(filepath.Join(from.sinkDir, "sink-second.cursor")); len(files) != 1 {
		t.Error("no cursor in -sink-dir")
	}
}

// TestSinkConfig checks what is read and refused of -sink and -sink-dir.
func TestSinkConfig(t *testing.T) {
	file := configFile(t, "sink = nats://a:1,b:2,[::1]:3?stream=LOGS, relp://c:4", "sink = kafka://d:5,e:6/topic")
	c, err := parseConfig([]string{"-config", file})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.sinkConfigs()
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if list[0].Kind != sink.NATS || !slices.Equal(list[0].Servers, []string{"a:1", "b:2", "[::1]:3"}) ||
		list[1].Kind != sink.RELP || list[2].Topic != "topic" || !slices.Equal(list[2].Servers, []string{"d:5", "e:6"}) {
		t.Errorf("%+v", list)
	}
	for _, bad := range []struct {
		args []string
		want string
	}{
		{[]string{"-sink", "http://h:1"}, "-sink http://h:1: want nats://"},
		{[]string{"-sink", "h:1"}, "-sink h:1: want nats://"},
		{[]string{"-sink", "relp://h:1?window=0"}, "window 0: want 1 to 65536"},
		{[]string{"-sink", "relp://h:1", "-sink", "relp://h:1"}, "want another than that of relp://h:1 (name=NAME)"},
		{[]string{"-sink", "relp://h:1", "-sink-dir", "/does/not/exist"}, `-sink-dir "/does/not/exist": want a directory that exists`},
	} {
		if _, err := parseConfig(bad.args); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: %v, want %q", bad.args, err, bad.want)
		}
	}
}

// TestSinkCursorDamaged checks that a server does not start with a damaged cursor, and
// touches nothing then.
func TestSinkCursorDamaged(t *testing.T) {
	c := testConfig(t, modeConns)
	c.sinks, c.sinkDir = []string{"relp://127.0.0.1:1?name=x"}, t.TempDir()
	path := filepath.Join(c.sinkDir, "sink-x.cursor")
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := start(c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
		if err == nil {
			stopServer(t, s)
		}
	}
	if text, _ := os.ReadFile(path); string(text) != "{}\n" {
		t.Errorf("the file is %q now", text)
	}
}
