package intake

import (
	"os"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// TestMain fails if the tests leave descriptors or goroutines behind.
func TestMain(m *testing.M) {
	os.Exit(leakcheck.Main(m.Run, patience))
}
