package store

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// TestMain fails if the tests leave descriptors or goroutines behind. It is
// also what TestKill starts and kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir, os.Getenv(childMode))
	}
	// The runtime's poller lives as long as the process: start it first.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	before := leakcheck.Take()
	code := m.Run()
	if err := before.Check(patience); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: the tests left behind:\n%v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}
