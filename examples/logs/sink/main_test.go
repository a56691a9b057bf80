package sink

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// patience is how long a test waits for what has to happen.
const patience = 60 * time.Second

// children are what the test binary is when it is started with childEnv.
var children = map[string]func(){}

const childEnv = "LOG_SINK_TEST_CHILD"

// TestMain fails if the tests leave descriptors or goroutines behind.
func TestMain(m *testing.M) {
	if child := children[os.Getenv(childEnv)]; child != nil {
		child()
		os.Exit(0)
	}
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close() // the runtime's poller stays open: have it before looking
	}
	before := leakcheck.Take()
	code := m.Run()
	if err := before.Check(patience); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: the tests left behind:\n%v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}
