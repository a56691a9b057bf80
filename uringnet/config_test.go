package uringnet_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// A bad value is an error that names its field, under every fallback policy.
func TestConfigErrors(t *testing.T) {
	t.Setenv(uringnet.EnvVar, "") // it would override some of the values
	cases := []struct {
		field string
		cfg   uringnet.Config
	}{
		{"Rings", uringnet.Config{Rings: -1}},
		{"Rings", uringnet.Config{Rings: 1025}},
		{"SQEntries", uringnet.Config{SQEntries: -1}},
		{"SQEntries", uringnet.Config{SQEntries: 3}},
		{"SQEntries", uringnet.Config{SQEntries: 1 << 16}},
		{"CQEntries", uringnet.Config{SQEntries: 64, CQEntries: 32}},
		{"CQEntries", uringnet.Config{CQEntries: 5000}},
		{"Mode", uringnet.Config{Mode: 9}},
		{"SQPollCPUs", uringnet.Config{SQPollCPUs: []int{0}}},
		{"SQPollCPUs", uringnet.Config{Mode: uringnet.ModeSQPoll, SQPollCPUs: []int{-1}}},
		{"SQPollIdle", uringnet.Config{Mode: uringnet.ModeSQPoll, SQPollIdle: time.Microsecond}},
		{"SQPollIdle", uringnet.Config{SQPollIdle: -time.Second}},
		{"BatchWait", uringnet.Config{BatchWait: time.Millisecond}},
		{"BatchWait", uringnet.Config{Mode: uringnet.ModeDedicated, BatchWait: -1}},
		{"BufferSize", uringnet.Config{BufferSize: 1}},
		{"BufferSize", uringnet.Config{BufferSize: 1 << 30}},
		{"BufferCount", uringnet.Config{BufferCount: 1000}},
		{"BufferCount", uringnet.Config{BufferCount: -2}},
		{"MaxConnBuffers", uringnet.Config{MaxConnBuffers: -1}},
		{"MaxConnBuffers", uringnet.Config{BufferCount: 16, MaxConnBuffers: 17}},
		{"Receive", uringnet.Config{Receive: 7}},
		{"DirectRecv", uringnet.Config{DirectRecv: 7}},
		{"IdleTimeout", uringnet.Config{IdleTimeout: -1}},
		{"IdleTimeout", uringnet.Config{IdleTimeout: time.Microsecond}},
		{"Disable", uringnet.Config{Disable: 1 << 31}},
		{"Fallback", uringnet.Config{Fallback: 9}},
	}
	for _, c := range cases {
		for _, policy := range []uringnet.FallbackPolicy{uringnet.FallbackAuto, uringnet.FallbackNever, uringnet.FallbackAlways} {
			if c.field != "Fallback" {
				c.cfg.Fallback = policy
			}
			e, err := uringnet.NewEngine(c.cfg)
			var ce *poller.ConfigError
			switch {
			case err == nil:
				e.Close()
				t.Errorf("%s: NewEngine(%+v) succeeded", c.field, c.cfg)
			case !errors.As(err, &ce) || ce.Field != c.field:
				t.Errorf("%s: NewEngine(%+v): %v", c.field, c.cfg, err)
			case !strings.Contains(err.Error(), c.field):
				t.Errorf("%v does not name %s", err, c.field)
			}
		}
	}
}

// The defaults of some fields fit the values of others.
func TestConfigDefaultsFit(t *testing.T) {
	for _, cfg := range []uringnet.Config{
		{},
		{BufferCount: 2}, // fewer than the default of MaxConnBuffers
		{SQEntries: 32768},
		{CQEntries: 256}, // fewer than the default of SQEntries
	} {
		cfg.Fallback = uringnet.FallbackAlways
		e, err := uringnet.NewEngine(cfg)
		if err != nil {
			t.Errorf("NewEngine(%+v): %v", cfg, err)
			continue
		}
		e.Close()
	}
}

// quiet keeps what an engine logs.
func quiet(cfg uringnet.Config) (uringnet.Config, *bytes.Buffer) {
	var log bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	return cfg, &log
}

// The environment variable overrides the configuration.
func TestEnvironment(t *testing.T) {
	t.Setenv(uringnet.EnvVar, "off")
	e := newEngine(t, uringnet.Config{Fallback: uringnet.FallbackAlways})
	s := e.Status()
	if s.IOUring || !strings.Contains(s.Reason, uringnet.EnvVar) || s.EnvError != "" {
		t.Errorf("URINGNET=off: %+v", s)
	}
	if !strings.Contains(s.String(), "standard library") || !strings.Contains(s.String(), uringnet.EnvVar) {
		t.Errorf("URINGNET=off: %v", s)
	}

	for _, value := range []string{
		"", "on", "off", "mode=dedicated", "mode=sqpoll,recv=single", "mode=shared, transfer=direct",
		"recv=multishot,fallback=auto", "disable=multishot-recv+eager-recv", "disable=provided-buffers,mode=dedicated",
	} {
		t.Setenv(uringnet.EnvVar, value)
		cfg, log := quiet(uringnet.Config{Rings: 1, BufferCount: 16})
		e, err := uringnet.NewEngine(cfg)
		if err != nil {
			t.Errorf("URINGNET=%q: %v", value, err)
			continue
		}
		s := e.Status()
		if s.EnvError != "" || strings.Contains(log.String(), "ignored") {
			t.Errorf("URINGNET=%q: %q, logged %q", value, s.EnvError, log)
		}
		if s.IOUring {
			checkEnvironment(t, value, s.Ring)
		}
		e.Close()
	}
}

// checkEnvironment checks that a ring heeds the variable.
func checkEnvironment(t *testing.T, value string, s poller.Status) {
	t.Helper()
	for part, ok := range map[string]bool{
		"mode=dedicated": s.Mode == uringnet.ModeDedicated,
		"mode=sqpoll":    s.Mode == uringnet.ModeSQPoll,
		"mode=shared":    s.Mode == uringnet.ModeShared,
		"recv=single":    s.Receive == uringnet.ReceiveSingle,
		"recv=multishot": s.Receive == uringnet.ReceiveMultishot,
		"disable=multishot-recv+eager-recv": !s.Features.Has(uringnet.FeatMultishotRecv) &&
			!s.Features.Has(uringnet.FeatEagerRecv) && s.Disabled == uringnet.FeatMultishotRecv|uringnet.FeatEagerRecv,
		"disable=provided-buffers": !s.Features.Has(uringnet.FeatProvidedBuffers),
	} {
		if strings.Contains(value, part) && !ok {
			t.Errorf("URINGNET=%q: runs as %v", value, s)
		}
	}
}

// A value that cannot be read changes nothing, and is reported.
func TestBadEnvironment(t *testing.T) {
	for _, value := range []string{
		"of", "mode", "mode=", "mode=turbo", "recv=none", "transfer=maybe", "fallback=often",
		"disable=everything", "colour=blue", "mode=dedicated,", "fallback=always,mode=turbo",
	} {
		t.Setenv(uringnet.EnvVar, value)
		cfg, log := quiet(uringnet.Config{Fallback: uringnet.FallbackAlways, BufferCount: 16})
		e := newEngine(t, cfg)
		s := e.Status()
		if s.EnvError == "" || !strings.Contains(s.String(), s.EnvError) || !strings.Contains(s.EnvError, uringnet.EnvVar) {
			t.Errorf("URINGNET=%q: EnvError %q in %q", value, s.EnvError, s)
		}
		if !strings.Contains(log.String(), "ignored") {
			t.Errorf("URINGNET=%q: not logged: %q", value, log)
		}
		if !strings.Contains(s.Reason, "configuration") {
			t.Errorf("URINGNET=%q: Reason %q", value, s.Reason)
		}
	}
}

// Status and Stats say what was done, and by whom.
func TestStatusAndStats(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		for range 20 {
			expectAfterWrite(t, client, server)
			expectAfterWrite(t, server, client)
		}
		status, stats := e.Status(), e.Stats()
		if !status.IOUring {
			if status.Reason == "" || !strings.HasPrefix(status.String(), "standard library: ") {
				t.Errorf("Status = %+v", status)
			}
			if stats.Fallbacks < 2 || len(stats.Rings) != 0 || stats.Total != (poller.Counters{}) {
				t.Errorf("Stats = %+v; want two connections fallen back", stats)
			}
			return
		}
		if status.Reason != "" || status.Err != nil || !strings.HasPrefix(status.String(), "io_uring: ") {
			t.Errorf("Status = %+v", status)
		}
		if stats.Fallbacks != 0 || len(stats.Rings) != status.Ring.Rings {
			t.Errorf("Stats = %+v of %d rings", stats, status.Ring.Rings)
		}
		c := stats.Total
		if c.BytesIn < 160 || c.BytesOut < 160 {
			t.Errorf("%d bytes in and %d out counted; want at least 160", c.BytesIn, c.BytesOut)
		}
		if c.Accepts == 0 || c.SQEs == 0 || c.CQEs == 0 || c.Unexpected != 0 {
			t.Errorf("Counters = %+v", c)
		}
	})
}

// A closed engine refuses new work; what it carried is closed.
func TestEngineClose(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		ln := listen(t, stackOf(e), "tcp")
		client, server := mixedPair(t, stdStack, stackOf(e), "tcp")
		if !e.Status().IOUring {
			must(t, e.Close())
			must(t, e.Close())
			expectAfterWrite(t, client, server) // net's connections are left alone
			return
		}
		r := startRead(server, 1).blocked(t)
		a := start("Accept", ln.Accept).blocked(t)
		if _, err := startErr("Engine.Close", e.Close).wait(t); err != nil {
			t.Errorf("Engine.Close: %v", err)
		}
		must(t, e.Close())
		if _, err := r.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: %v; want net.ErrClosed", err)
		}
		if _, err := a.wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v; want net.ErrClosed", err)
		}
		startRead(client, 1).wait(t) // ends: the engine closed its side
		_, err := e.Listen("tcp", "127.0.0.1:0")
		if !errors.Is(err, uringnet.ErrEngineClosed) {
			t.Errorf("Listen: %v; want ErrEngineClosed", err)
		}
	})
}

// IdleTimeout closes what is idle and only that.
func TestIdleTimeout(t *testing.T) {
	const timeout = 100 * time.Millisecond
	for _, k := range engineKinds {
		if k.name == "std" || stdOnly {
			continue // the standard library has none
		}
		k.cfg.IdleTimeout = timeout
		t.Run(k.name, func(t *testing.T) {
			runOn(t, k, func(t *testing.T, e *uringnet.Engine) {
				ln := listen(t, stackOf(e), "tcp")
				begin := time.Now()
				client := dialTo(t, stdStack, ln)
				server := accept(t, ln)
				r := startRead(server, 1)
				busyClient := dialTo(t, stdStack, ln)
				busyServer := accept(t, ln)
				gone := startRead(client, 1)
				for closed := false; !closed; time.Sleep(timeout / 20) {
					if !exchanges(busyClient, busyServer) {
						t.Fatal("a connection in use was closed")
					}
					select {
					case <-gone.done:
						closed = true
					default:
						closed = time.Since(begin) > patience
					}
				}
				if d := time.Since(begin); d < timeout {
					t.Errorf("closed after %v; want at least %v", d, timeout)
				}
				_, err := r.wait(t)
				if !errors.Is(err, uringnet.ErrIdle) || !errors.Is(err, net.ErrClosed) {
					t.Errorf("Read on an idle connection: %v; want ErrIdle", err)
				}
				if _, err := gone.wait(t); err == nil {
					t.Error("the peer of an idle connection sees no end")
				}
				if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

// exchanges reports whether bytes go both ways.
func exchanges(a, b net.Conn) bool {
	for _, d := range [][2]net.Conn{{a, b}, {b, a}} {
		if _, err := d[0].Write([]byte("x")); err != nil {
			return false
		}
		if _, err := d[1].Read(make([]byte, 1)); err != nil {
			return false
		}
	}
	return true
}

// The package must not pull in what not every program has.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, dep := range strings.Fields(string(out)) {
		switch dep {
		case "net/http", "expvar", "testing":
			t.Errorf("the package imports %s", dep)
		}
	}
}
