package measure

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestKeepsGoingWithoutServers runs a cell whose servers do not start.
func TestKeepsGoingWithoutServers(t *testing.T) {
	allowed, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	if len(allowed) < 2 {
		t.Skip("one CPU")
	}
	scripts := map[string]string{
		"without": "echo unsupported: it has no such thing >&2; exit 3",
		"broken":  "echo out of luck >&2; exit 1",
	}
	p := &Plan{
		Proto: "echo", Layout: LayoutTwo, Conns: 1, Size: 64, Slice: 10 * time.Millisecond, Rounds: 2, Allowed: allowed,
		Specs: []Spec{{Name: "without"}, {Name: "broken"}}, KeepGoing: true,
		Command: func(_ *Plan, s Spec) *exec.Cmd {
			cmd := exec.Command("sh", "-c", scripts[s.Name])
			cmd.Stderr = new(bytes.Buffer)
			return cmd
		},
	}
	c, err := p.Run()
	if err != nil {
		t.Fatal(err)
	}
	without, broken := c.Servers[0], c.Servers[1]
	if !without.Unsupported || !strings.HasSuffix(without.Failed, "not supported: it has no such thing") {
		t.Errorf("%+v", without)
	}
	if broken.Unsupported || !strings.Contains(broken.Failed, NotStarted) || !strings.Contains(broken.Failed, "out of luck") {
		t.Errorf("%+v", broken)
	}
	p.KeepGoing = false
	if _, err := p.Run(); err == nil {
		t.Error("no error where a failure ends the cell")
	}
}
