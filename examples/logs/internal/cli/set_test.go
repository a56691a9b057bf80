package cli

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// options are one of each kind of flag.
type options struct {
	name  string
	on    bool
	mode  string
	addrs []string
	n     int
	rate  float64
	size  Size
	wait  time.Duration
}

func defaults() *options {
	return &options{name: "a name", mode: "events", addrs: []string{"first"}, n: 32, size: 64 << 10, wait: time.Second}
}

func (o *options) flags() *Set {
	s := NewSet("test")
	s.String(&o.name, "name", "`text`")
	s.Bool(&o.on, "on", "be on")
	s.Choice(&o.mode, "mode", "`how`", "events", "conns")
	s.ListOf(&o.addrs, "addr", func(v string) error {
		if v == "bad" {
			return Want("good")
		}
		return nil
	}, "`addresses`")
	s.Int(&o.n, "number", 2, 65536, "`number` of things\nin two lines")
	s.Float(&o.rate, "rate", 0, 1e6, "`number` a second")
	s.Size(&o.size, "max-size", 16, 16<<20, "`size`")
	s.Duration(&o.wait, "wait", time.Millisecond, time.Hour, "`time`")
	s.ConfigFile()
	return s
}

// file writes a configuration file.
func file(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.conf")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestParse checks that flags win over the file and the file over defaults, for
// lists as a whole.
func TestParse(t *testing.T) {
	o := defaults()
	s := o.flags()
	path := file(t, "# a comment", "name = a#b c  # comment", "addr = x, y", "addr = z", "number=7", "max-size = 1m", "on = true", "wait = 30m")
	if err := s.Parse([]string{"-number", "8", "-addr", "u", "-config", path, "-addr=v,w", "rest"}); err != nil {
		t.Fatal(err)
	}
	if o.name != "a#b c" || !o.on || o.mode != "events" || o.n != 8 || o.size != 1<<20 || o.wait != 30*time.Minute {
		t.Errorf("options %+v", o)
	}
	if want := []string{"u", "v", "w"}; !slices.Equal(o.addrs, want) {
		t.Errorf("addresses %q; want %q", o.addrs, want)
	}
	if s.Config() != path || !slices.Equal(s.Args(), []string{"rest"}) || s.NoArgs() == nil {
		t.Errorf("file %q, arguments %q, %v", s.Config(), s.Args(), s.NoArgs())
	}
	o = defaults()
	if err := o.flags().Parse([]string{"-config", file(t, "addr = x, y", "addr = z")}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"x", "y", "z"}; !slices.Equal(o.addrs, want) {
		t.Errorf("addresses of the file %q; want %q", o.addrs, want)
	}
}

// TestRefusals checks the words of every refusal, its place and its exit code.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		line string // of a file
		args []string
		want string // FILE stands for the file
	}{
		{args: []string{"-number", "1"}, want: `-number "1": want 2 to 65536`},
		{args: []string{"-number=many"}, want: `-number "many": want 2 to 65536`},
		{args: []string{"-number"}, want: "flag needs an argument: -number"},
		{args: []string{"-rate", "NaN"}, want: `-rate "NaN": want 0 to 1000000`},
		{args: []string{"-max-size", "17m"}, want: `-max-size "17m": want a size, as 64MiB, 64m or 10MB: 16 to 16MiB`},
		{args: []string{"-wait", "5"}, want: `-wait "5": want a duration, as 500ms, 1h30m or 7d: 1ms to 1h`},
		{args: []string{"-mode", "both"}, want: `-mode "both": want events or conns`},
		{args: []string{"-on=perhaps"}, want: `-on "perhaps": want true or false`},
		{args: []string{"-addr", "x,bad"}, want: `-addr "x,bad": want good`},
		{args: []string{"-nunber", "3"}, want: `-nunber: unknown flag (did you mean "-number"?)`},
		{args: []string{"-config", "/does/not/exist"}, want: `-config "/does/not/exist": open /does/not/exist: no such file or directory`},
		{line: "number = 1", want: `FILE:2: number "1": want 2 to 65536`},
		{line: "number = 1", args: []string{"-number", "3"}, want: `FILE:2: number "1": want 2 to 65536`},
		{line: "nunber = 3", want: `FILE:2: unknown setting "nunber" (did you mean "number"?)`},
		{line: "config = x", want: `FILE:2: unknown setting "config"`},
		{line: "number", want: `FILE:2: "number" is not of the form name = value`},
		{line: "name = b", want: `FILE:2: name is set already in line 1`},
	} {
		args := c.args
		if c.line != "" {
			path := file(t, "name = a", c.line)
			args = append(args, "-config", path)
			c.want = strings.Replace(c.want, "FILE", path, 1)
		}
		err := defaults().flags().Parse(args)
		if err == nil {
			t.Errorf("%q %q: no error; want %s", c.line, c.args, c.want)
			continue
		}
		var out bytes.Buffer
		if code := Exit(&out, "test", err); code != ExitUsage || out.String() != "test: "+c.want+"\n" {
			t.Errorf("%q %q: exit code %d, %s; want %d, %s", c.line, c.args, code, &out, ExitUsage, c.want)
		}
	}
}

// TestRefuse checks that a refusal found later says where the value came from.
func TestRefuse(t *testing.T) {
	path := file(t, "number = 5", "name = x")
	s := defaults().flags()
	if err := s.Parse([]string{"-name", "y", "-config", path}); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"number": path + `:1: number "5": want less`,
		"name":   `-name "y": want less`,
		"mode":   `-mode "events": want less`,
	} {
		if err := s.Refuse(flag, "less"); err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if v := s.Values(); v["number"] != "5" || v["name"] != "y" || v["max-size"] != "64KiB" {
		t.Errorf("values %v", v)
	}
}

// TestExit checks the exit codes of what is not a refusal.
func TestExit(t *testing.T) {
	var out bytes.Buffer
	if code := Exit(&out, "test", nil); code != ExitOK || out.Len() > 0 {
		t.Errorf("no error: %d %s", code, &out)
	}
	if err := defaults().flags().Parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) || Exit(&out, "test", err) != ExitOK || out.Len() > 0 {
		t.Errorf("help: %v %s", err, &out)
	}
	if code := Exit(&out, "test", errors.New("broken")); code != ExitFailed || out.String() != "test: broken\n" {
		t.Errorf("an error: %d %s", code, &out)
	}
}

// TestUsage checks that the help has range and default of each flag.
func TestUsage(t *testing.T) {
	var out bytes.Buffer
	defaults().flags().Usage(&out)
	for _, want := range []string{
		"-number number\n    \tnumber of things\n    \tin two lines (2 to 65536; default 32)\n",
		"-on\n    \tbe on\n",
		"-mode how\n    \thow (events or conns; default events)\n",
		"-max-size size\n    \tsize (16 to 16MiB; default 64KiB)\n",
		"-wait time\n    \ttime (1ms to 1h; default 1s)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help has no %q:\n%s", want, &out)
		}
	}
}

// TestSizes checks sizes both ways.
func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "512": 512, "512B": 512, "4KiB": 4096, "64 MiB": 64 << 20, "1.5GiB": 3 << 29, "1TiB": 1 << 40, "10kB": 10000, "10MB": 1e7, "2GB": 2e9,
		"8k": 8 << 10, "8K": 8 << 10, "8m": 8 << 20, "8M": 8 << 20, "1g": 1 << 30, "1 G": 1 << 30, "1.5t": 3 << 39, "2T": 2 << 40,
	} {
		s, err := ParseSize(text)
		if err != nil || s != want {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
		if again, err := ParseSize(s.String()); err != nil || again != s {
			t.Errorf("%q reads as %d, %v; want %d", s, again, err, s)
		}
	}
	for _, text := range []string{"", "x", "MiB", "1 2", "-1", "1e30", "NaN", "Inf", "9EiB", "k", "8mm", "8mB", "8e", "9000000000g"} {
		if s, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d; want an error", text, s)
		}
	}
}

// TestDurations checks durations both ways.
func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "1h": time.Hour, "1h30m": 90 * time.Minute, "10m": 10 * time.Minute,
		"1h0m5s": time.Hour + 5*time.Second, "7d": 7 * day, "20h": 20 * time.Hour, "-1d": -day,
	} {
		d, err := ParseDuration(text)
		if err != nil || d != want || FormatDuration(d) != text {
			t.Errorf("%q is %v, %v, written %q; want %v", text, d, err, FormatDuration(d), want)
		}
	}
	if d, err := ParseDuration("1.5d"); err != nil || d != 36*time.Hour {
		t.Errorf("1.5d is %v, %v", d, err)
	}
	for _, text := range []string{"", "5", "d", "x d", "NaNd", "1e300d", "7 days"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q is %v; want an error", text, d)
		}
	}
	if got := (&ranged[int]{least: 1, most: math.MaxInt, format: func(int) string { return "1" }}).bounds(); got != "1 or more" {
		t.Errorf("a range without limit is %q", got)
	}
}

// TestIsTerminal checks what is a terminal: not the null device, a pipe or a
// buffer.
func TestIsTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if IsTerminal(null) || IsTerminal(w) || IsTerminal(new(bytes.Buffer)) {
		t.Error("something else counts as a terminal")
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals here") // not on Linux
	}
	defer master.Close()
	if !IsTerminal(master) {
		t.Error("a terminal does not count as one")
	}
}
