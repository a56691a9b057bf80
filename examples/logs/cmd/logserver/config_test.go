package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// configFile writes a configuration file.
func configFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logserver.conf")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConfigFile checks that a file says what flags can say, and that flags
// win over it.
func TestConfigFile(t *testing.T) {
	path := configFile(t,
		"# a comment",
		"",
		"tcp = 127.0.0.1:1, 127.0.0.1:2   # and more",
		"  tcp=[::1]:3",
		"relp = 127.0.0.1:4",
		"dir = /var/log/a#b c",
		"durability = interval",
		"segment-size = 64MiB",
		"compress = true",
		"idle = 90s",
		"mode = conns",
		"max-conns=7",
	)
	c, err := parseConfig([]string{"-relp", "127.0.0.1:5", "-config", path, "-relp=127.0.0.1:6,127.0.0.1:7", "-max-conns", "8"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"127.0.0.1:1", "127.0.0.1:2", "[::1]:3"}; !slices.Equal(c.tcp, want) {
		t.Errorf("tcp %q; want %q", c.tcp, want)
	}
	if want := []string{"127.0.0.1:5", "127.0.0.1:6", "127.0.0.1:7"}; !slices.Equal(c.relp, want) {
		t.Errorf("relp %q; want those of the flags, %q", c.relp, want)
	}
	if c.dir != "/var/log/a#b c" || c.durability.Durability != store.Interval || c.segmentSize != 64<<20 || !c.compress ||
		c.idle != 90*time.Second || c.mode != modeConns || c.maxConns != 8 || c.path != path {
		t.Errorf("configuration: %+v", c)
	}
	if c.maxLine != defaultConfig().maxLine || c.grace != defaultConfig().grace {
		t.Errorf("what was not set has changed: %+v", c)
	}
}

// TestConfigErrors checks that mistakes are refused, with words that say where
// and what.
func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		lines []string // of a file
		args  []string
		want  []string
	}{
		{lines: []string{"dir = x", "", "tpc = 127.0.0.1:1"}, want: []string{"logserver.conf:3:", `unknown setting "tpc"`, `did you mean "tcp"?`}},
		{lines: []string{"frobnicate = 1"}, want: []string{":1:", `unknown setting "frobnicate"`}},
		{lines: []string{"config = x"}, want: []string{":1:", `unknown setting "config"`}},
		{lines: []string{"# x", "dir"}, want: []string{":2:", `"dir" is not of the form name = value`}},
		{lines: []string{"segment-size = 12 parsecs"}, want: []string{":1:", "segment-size", `"12 parsecs"`, "64MiB"}},
		{lines: []string{"segment-size = -1"}, want: []string{":1:", "segment-size"}},
		{lines: []string{"durability = maybe"}, want: []string{":1:", "durability", "maybe", "group"}},
		{lines: []string{"mode = both"}, want: []string{":1:", "mode", "both", "events", "conns"}},
		{lines: []string{"interval = 5"}, want: []string{":1:", "interval", `"5"`}},
		{lines: []string{"compress = perhaps"}, want: []string{":1:", "compress", "perhaps"}},
		{lines: []string{"max-conns = many"}, want: []string{":1:", "max-conns", "many"}},
		{lines: []string{"dir = a", "dir = b"}, want: []string{":2:", "dir is set already in line 1"}},
		{args: []string{"-config", "/does/not/exist"}, want: []string{"/does/not/exist", "no such file"}},
		{args: []string{"-nonsense"}, want: []string{"nonsense"}},
		{args: []string{"stray"}, want: []string{"stray"}},
		{args: []string{"-batches", "x"}, want: []string{"batches", `"x"`}},
		{args: []string{"-tls", "127.0.0.1:0"}, want: []string{"cert", "key", "self-signed"}},
		{args: []string{"-relp-tls", "127.0.0.1:0", "-cert", "x"}, want: []string{"key"}},
		{args: []string{"-tls", "127.0.0.1:0", "-self-signed", "-cert", "x"}, want: []string{"self-signed"}},
		{args: []string{"-max-line", "1MiB"}, want: []string{"batch-size", "max-line"}},
		{args: []string{"-segment-size", "1KiB"}, want: []string{"segment-size"}},
		{args: []string{"-idle", "-1s"}, want: []string{"idle"}},
		{args: []string{"-line-timeout", "-1s"}, want: []string{"-line-timeout \"-1s\": want a duration"}},
		{args: []string{"-buffer-memory", "60KiB"}, want: []string{"-buffer-memory \"60KiB\": want -max-line or more"}},
		{args: []string{"-grace", "-1s"}, want: []string{"grace"}},
		{args: []string{"-max-conns", "-1"}, want: []string{"max-conns"}},
		{args: []string{"-batches", "1"}, want: []string{"batches"}},
		{args: []string{"-dir", ""}, want: []string{"dir"}},
		{args: []string{"-allow", "10.0.0.0/8,host"}, want: []string{`-allow "10.0.0.0/8,host": want`, "10.0.0.0/8"}},
		{lines: []string{"deny = 10.0.0.0/99"}, want: []string{`:1: deny "10.0.0.0/99": want`}},
		{args: []string{"-max-conns-per-ip", "-1"}, want: []string{`-max-conns-per-ip "-1": want quarter`}},
		{args: []string{"-rate-per-ip", "-1"}, want: []string{`-rate-per-ip "-1": want 0 to 1000000000`}},
		{args: []string{"-tls-min", "1.1"}, want: []string{`-tls-min "1.1": want 1.2 or 1.3`}},
		{args: []string{"-tls-client-subject", "web"}, want: []string{`-tls-client-subject "web": want -tls-client-ca`}},
		{args: []string{"-tls-client-ca", "x", "-tls-client-subject", "O="}, want: []string{`-tls-client-subject "O=": want`}},
		{lines: []string{"max-line = 1MiB"}, want: []string{"batch-size", "max-line"}},
	} {
		args := c.args
		if c.lines != nil {
			args = append(args, "-config", configFile(t, c.lines...))
		}
		_, err := parseConfig(args)
		if err == nil {
			t.Errorf("%q, %q: no error", c.lines, c.args)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q, %q: %q does not say %q", c.lines, c.args, err, want)
			}
		}
	}
}

// TestConfigDefaults checks what a server without arguments does.
func TestConfigDefaults(t *testing.T) {
	c, err := parseConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.tcp, []string{defaultTCP}) || c.maxLine != 64<<10 || c.lineTimeout != 5*time.Minute || c.bufferMemory != 64<<20 || c.mode != modeEvents {
		t.Errorf("configuration: %+v", c)
	}
	if c, err = parseConfig([]string{"-unix", "/x"}); err != nil || len(c.tcp) != 0 {
		t.Errorf("with a unix socket: tcp %v, %v; want none", c.tcp, err)
	}
	if _, err := parseConfig([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

// TestSizeSettings checks short sizes where they are given: as flags and in the
// configuration file.
func TestSizeSettings(t *testing.T) {
	for _, c := range []struct {
		name, short string
		value       func(c config) cli.Size
		want        cli.Size
	}{
		{"max-line", "8k", func(c config) cli.Size { return c.maxLine }, 8 << 10},
		{"batch-size", "8m", func(c config) cli.Size { return c.batchSize }, 8 << 20},
		{"segment-size", "1g", func(c config) cli.Size { return c.segmentSize }, 1 << 30},
	} {
		for _, args := range [][]string{
			{"-" + c.name, c.short},
			{"-config", configFile(t, c.name+" = "+c.short)},
		} {
			if got, err := parseConfig(args); err != nil || c.value(got) != c.want {
				t.Errorf("%q: %d, %v; want %d", args, c.value(got), err, c.want)
			}
		}
	}
}
