package intake

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// TestMain fails if the tests leave descriptors or goroutines behind.
func TestMain(m *testing.M) {
	// The runtime's poller lives as long as the process: start it first.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	before := leakcheck.Take()
	code := m.Run()
	if err := before.Check(patience); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: the tests left behind:\n%v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}
