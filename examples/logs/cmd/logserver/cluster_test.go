package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestFrontToBack has rsyslog and logship send to the server, which sends on to JetStream:
// a consumer finds each log once.
func TestFrontToBack(t *testing.T) {
	js := startJetStream(t)
	c := testConfig(t, modeEvents)
	c.relp = []string{"127.0.0.1:0"}
	c.sinks = []string{"nats://" + js.Addr().String() + "?stream=LOGS&create=yes&subject=logs.{host}.{severity}.{app}"}
	s := startServer(t, c)
	want := texts(400)
	addr := s.addr("relp").String()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	r := startRsyslog(t, fmt.Sprintf(`action(type="omrelp" target=%q port=%q)`, host, port))
	if _, err := r.input.WriteString(strings.Join(want[:200], "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
	shipFile(t, addr, want[200:])
	waitStored(t, s, len(want))
	waitFor(t, "delivery", func() bool { return s.sinks[0].Counters().Delivered == uint64(len(want)) })
	got := consume(t, js, len(want))
	stopServer(t, s)
	var bare []string
	for subject, msgs := range got {
		if f := strings.Split(subject, "."); len(f) != 4 || f[0] != "logs" {
			t.Errorf("subject %q", subject)
		}
		for _, msg := range msgs {
			i := strings.Index(msg, "text ")
			bare = append(bare, msg[max(i, 0):])
		}
	}
	sameSet(t, bare, want)
}

// sameSet fails unless got has each of want once, in any order.
func sameSet(t *testing.T, got, want []string) {
	t.Helper()
	n := map[string]int{}
	for _, msg := range got {
		n[msg]++
	}
	for _, msg := range want {
		if n[msg] != 1 {
			t.Errorf("%.60q came %d times", msg, n[msg])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
}

// startJetStream starts a NATS server with JetStream in this process.
func startJetStream(t *testing.T) *natsserver.Server {
	t.Helper()
	js, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	js.Start()
	t.Cleanup(func() {
		js.Shutdown()
		js.WaitForShutdown()
	})
	if !js.ReadyForConnections(patience) {
		t.Fatal("nats-server does not start")
	}
	return js
}

// shipFile has a logship of its own process send lines from a file by RELP.
func shipFile(t *testing.T, to string, lines []string) {
	t.Helper()
	dir := t.TempDir()
	bin, file := filepath.Join(dir, "logship"), filepath.Join(dir, "app.log")
	if out, err := exec.Command("go", "build", "-o", bin, "../logship").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bin, "-to", to, "-file", file, "-follow=false", "-state", filepath.Join(dir, "state")).CombinedOutput()
	if err != nil {
		t.Fatalf("logship: %v\n%s", err, out)
	}
}

// consume reads n messages of the stream and returns them by subject; and looks that no
// more are there.
func consume(t *testing.T, js *natsserver.Server, n int) map[string][]string {
	t.Helper()
	conn, err := nats.Connect(js.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	api, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := api.Stream(ctx, "LOGS")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := stream.Info(ctx); err != nil || info.State.Msgs != uint64(n) {
		t.Fatalf("the stream has %+v, %v; want %d messages", info, err, n)
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for range n {
		msg, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		got[msg.Subject()] = append(got[msg.Subject()], string(msg.Data()))
	}
	return got
}
