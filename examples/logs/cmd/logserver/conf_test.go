package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// defaultConf is the file that is installed as /etc/logserver/logserver.conf.
const defaultConf = "../../systemd/logserver.conf"

// confHead is what it begins with.
const confHead = `# Configuration of logserver: lines of name = value, with the names of its flags. What is
# commented is the default. "logserver -check-config -config FILE" looks for mistakes;
# SIGHUP (systemctl reload logserver) takes over some settings, see logserver -h.
`

// TestDefaultConf compares the file with the flags. With LOGSERVER_TEST_WRITE_CONF it is
// made of them.
func TestDefaultConf(t *testing.T) {
	c := defaultConfig()
	var b strings.Builder
	b.WriteString(confHead)
	c.flags().Template(&b)
	want := b.String()
	if os.Getenv("LOGSERVER_TEST_WRITE_CONF") != "" {
		if err := os.WriteFile(defaultConf, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(defaultConf)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ReplaceAll(string(got), "\r\n", "\n"); text != want {
		lines, wanted := strings.Split(text, "\n"), strings.Split(want, "\n")
		i := 0
		for i < min(len(lines), len(wanted))-1 && lines[i] == wanted[i] {
			i++
		}
		t.Errorf("%s, line %d: %q; want %q. LOGSERVER_TEST_WRITE_CONF=1 go test -run TestDefaultConf writes it", defaultConf, i+1, lines[i], wanted[i])
	}
}

// TestDefaultConfIsDefault takes every setting of the file out of its comment: the
// configuration is what it is without the file.
func TestDefaultConfIsDefault(t *testing.T) {
	text, err := os.ReadFile(defaultConf)
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`(?m)^#([a-z0-9-]+ =)`)
	names := setting.FindAllString(string(text), -1)
	if len(names) < 40 {
		t.Errorf("only %d settings", len(names))
	}
	c, err := parseConfig([]string{"-config", configFile(t, setting.ReplaceAllString(string(text), "$1"))})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := parseConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range plain.values {
		if name != "config" && c.values[name] != value {
			t.Errorf("%s is %q with the file, %q without", name, c.values[name], value)
		}
		inFile := slices.Contains(names, "#"+name+" =")
		if only := name == "config" || name == "version" || name == "check-config"; inFile == only {
			t.Errorf("%s is in the file: %v", name, inFile)
		}
	}
}
