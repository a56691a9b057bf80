package poller_test

import (
	"os"
	"testing"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// TestMain fails if the tests leave descriptors or goroutines behind. (Leaks
// of buffers are asked of each poller: see newPoller.)
func TestMain(m *testing.M) {
	os.Exit(leakcheck.Main(m.Run, patience))
}
