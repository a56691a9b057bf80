package uringnet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// URINGNET fills what the program left at its zero value; what the program has
// set it overrides only after "force". "off" is the operator's switch, and needs
// no force.
func TestEnvironmentFillsOrForces(t *testing.T) {
	const d, s = uringnet.ModeDedicated, uringnet.ModeSQPoll
	for _, c := range []struct {
		value         string
		program, want uringnet.Config
	}{
		{"mode=dedicated", uringnet.Config{}, uringnet.Config{Mode: d}},
		{"mode=dedicated", uringnet.Config{Mode: s}, uringnet.Config{Mode: s}},
		{"force,mode=dedicated", uringnet.Config{Mode: s}, uringnet.Config{Mode: d}},
		{"force,mode=shared", uringnet.Config{Mode: s}, uringnet.Config{}},
		{"force , mode=shared", uringnet.Config{Mode: s}, uringnet.Config{}},
		{"mode=shared", uringnet.Config{Mode: s}, uringnet.Config{Mode: s}},
		{"rings=3,recv=single", uringnet.Config{Mode: d, Rings: 2}, uringnet.Config{Mode: d, Rings: 2, Receive: uringnet.ReceiveSingle}},
		{"force,rings=3,recv=single", uringnet.Config{Mode: d, Rings: 2}, uringnet.Config{Mode: d, Rings: 3, Receive: uringnet.ReceiveSingle}},
		{"transfer=ring", uringnet.Config{}, uringnet.Config{Transfer: poller.TransferRing}},
		{"transfer=ring", uringnet.Config{Transfer: poller.TransferDirect}, uringnet.Config{Transfer: poller.TransferDirect}},
		{"force,transfer=auto", uringnet.Config{Transfer: poller.TransferDirect}, uringnet.Config{}},
		{"zero-copy-send=4096", uringnet.Config{}, uringnet.Config{ZeroCopySend: 4096}},
		{"zero-copy-send=4096", uringnet.Config{ZeroCopySend: 1}, uringnet.Config{ZeroCopySend: 1}},
		{"batch-wait=1ms,mode=dedicated", uringnet.Config{}, uringnet.Config{Mode: d, BatchWait: time.Millisecond}},
		{"batch-wait=1ms", uringnet.Config{Mode: d, BatchWait: time.Second}, uringnet.Config{Mode: d, BatchWait: time.Second}},
		{"disable=links", uringnet.Config{Disable: uringnet.FeatSendZC}, uringnet.Config{Disable: uringnet.FeatSendZC}},
		{"force,disable=links", uringnet.Config{Disable: uringnet.FeatSendZC}, uringnet.Config{Disable: uringnet.FeatLinks}},
		{"disable=links+send-zc", uringnet.Config{}, uringnet.Config{Disable: uringnet.FeatLinks | uringnet.FeatSendZC}},
		{"fallback=never", uringnet.Config{}, uringnet.Config{Fallback: uringnet.FallbackNever}},
		{"fallback=never", uringnet.Config{Fallback: uringnet.FallbackAlways}, uringnet.Config{Fallback: uringnet.FallbackAlways}},
		{"force,fallback=auto", uringnet.Config{Fallback: uringnet.FallbackAlways}, uringnet.Config{}},
		{"off", uringnet.Config{Mode: d}, uringnet.Config{Mode: d, Fallback: uringnet.FallbackAlways}},
		{"off", uringnet.Config{Fallback: uringnet.FallbackNever}, uringnet.Config{Fallback: uringnet.FallbackAlways}},
		{"on", uringnet.Config{Fallback: uringnet.FallbackNever}, uringnet.Config{Fallback: uringnet.FallbackNever}},
		{"", uringnet.Config{Mode: d}, uringnet.Config{Mode: d}},
	} {
		got, err := uringnet.ApplyEnv(c.program, c.value)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("URINGNET=%q, program %+v:\n got %+v, %v\nwant %+v", c.value, c.program, got, err, c.want)
		}
	}
}

// What cannot be read, or makes no sense with what the program has set, changes
// nothing and is named.
func TestEnvironmentErrors(t *testing.T) {
	for _, c := range []struct {
		value   string
		program uringnet.Config
		names   string
	}{
		{"force", uringnet.Config{}, "force"},
		{"mode=dedicated,force", uringnet.Config{}, "force"},
		{"force,off", uringnet.Config{}, "off"},
		{"force,mode=turbo", uringnet.Config{}, "turbo"},
		{"transfer=carrier-pigeon", uringnet.Config{}, "carrier-pigeon"},
		{"direct-recv=auto", uringnet.Config{}, "direct-recv"},
		{"mode=dedicated,mode=sqpoll", uringnet.Config{}, "mode"},
		{"mode=dedicated", uringnet.Config{Transfer: uringnet.TransferRing}, "Transfer"},
		{"recv=single", uringnet.Config{}, "Receive"},
		{"batch-wait=1ms", uringnet.Config{}, "BatchWait"},
		{"force,rings=-1", uringnet.Config{Rings: 2}, "Rings"},
		{"zero-copy-send=-5", uringnet.Config{}, "ZeroCopySend"},
	} {
		got, err := uringnet.ApplyEnv(c.program, c.value)
		if err == nil || !strings.Contains(err.Error(), c.names) || !strings.Contains(err.Error(), uringnet.EnvVar) {
			t.Errorf("URINGNET=%q: error %v; want one with %q", c.value, err, c.names)
		}
		if !reflect.DeepEqual(got, c.program) {
			t.Errorf("URINGNET=%q: changed %+v to %+v", c.value, c.program, got)
		}
	}
	// A program's own mistake is the program's, whatever the environment says.
	if _, err := uringnet.ApplyEnv(uringnet.Config{Rings: -1}, "mode=dedicated"); err != nil {
		t.Errorf("the program's bad Rings is blamed on the environment: %v", err)
	}
}

// An engine runs as the program says, unless forced.
func TestEnvironmentEngine(t *testing.T) {
	for value, rings := range map[string]int{"rings=1": 2, "force,rings=1": 1} {
		t.Setenv(uringnet.EnvVar, value)
		e, err := uringnet.NewEngine(uringnet.Config{Rings: 2, BufferCount: 16})
		must(t, err)
		if s := e.Status(); s.IOUring && s.Ring.Rings != rings {
			t.Errorf("URINGNET=%q: %d rings; want %d", value, s.Ring.Rings, rings)
		}
		must(t, e.Close())
	}
}

// Every setting is documented at EnvVar, as the table has it, and takes the
// values that it names; and whatever the README and docs show can be set.
func TestEnvironmentDocs(t *testing.T) {
	doc := envDoc(t)
	samples := map[string]string{"N": "2", "BYTES": "4096", "DURATION": "1ms", "feature+feature+...": "links+send-zc"}
	for _, s := range uringnet.EnvSettings() {
		if s.Doc == "" {
			t.Errorf("%s has no doc", s.Name)
		}
		if line := "\t" + s.Name + "=" + s.Values; !strings.Contains(doc, line) || !strings.Contains(doc, s.Doc) {
			t.Errorf("the comment of EnvVar lacks %q or %q", line, s.Doc)
		}
		doc = strings.Replace(doc, "\t"+s.Name+"=", "", 1)
		for _, v := range strings.Split(s.Values, "|") {
			if sample, ok := samples[v]; ok {
				v = sample
			}
			value := "force," + s.Name + "=" + v
			if s.Name == "batch-wait" || s.Name == "recv" {
				value += ",mode=dedicated"
			}
			if _, err := uringnet.ApplyEnv(uringnet.Config{}, value); err != nil {
				t.Errorf("URINGNET=%s: %v", value, err)
			}
		}
	}
	if more := regexp.MustCompile(`\t[a-z-]+=`).FindAllString(doc, -1); more != nil {
		t.Errorf("the comment of EnvVar has settings that there are not: %q", more)
	}
	files, err := filepath.Glob("../docs/*.md")
	must(t, err)
	for _, name := range append(files, "../README.md") {
		text, err := os.ReadFile(name)
		must(t, err)
		for _, m := range regexp.MustCompile(`\bURINGNET=([^\s`+"`"+`"')]+)`).FindAllStringSubmatch(string(text), -1) {
			if value := strings.TrimRight(m[1], ".,;:"); !strings.Contains(m[1], "...") {
				if _, err := uringnet.ApplyEnv(uringnet.Config{}, value); err != nil {
					t.Errorf("%s shows URINGNET=%s: %v", name, value, err)
				}
			}
		}
	}
}

// envDoc returns the comment of EnvVar, tabs kept.
func envDoc(t *testing.T) string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "env.go", nil, parser.ParseComments)
	must(t, err)
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			if s := g.Specs[0].(*ast.ValueSpec); s.Names[0].Name == "EnvVar" {
				return g.Doc.Text()
			}
		}
	}
	t.Fatal("no EnvVar in env.go")
	return ""
}
