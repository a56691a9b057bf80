package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/internal/bench/dear"
)

// childEnv holds the arguments of a test's process that is to be suite.
const childEnv = "URINGNET_TEST_SUITE"

// suiteChild runs suite in a process of its own, by the test that asks.
func suiteChild(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(args, " "))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestFiltered(t *testing.T) {
	if args := os.Getenv(childEnv); args != "" {
		if err := run(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		return
	}
	cost := func(steps string) (c dear.Cost) {
		out := suiteChild(t, "filtered", "-steps="+steps)
		if err := json.NewDecoder(strings.NewReader(out)).Decode(&c); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return c
	}
	short, long := cost("1"), cost("4000")
	if long.Getppid < 2*short.Getppid || long.Recvfrom < 2*short.Recvfrom {
		t.Errorf("a long filter costs %+v, a short one %+v", long, short)
	}
	out := suiteChild(t, "filtered", "-steps=1", "/bin/cat", "/proc/self/status")
	if !strings.Contains(out, "\nName:\tcat\n") && !strings.HasPrefix(out, "Name:\tcat\n") || !strings.Contains(out, "\nSeccomp:\t2\n") {
		t.Errorf("the program has no filter:\n%s", out)
	}
}
