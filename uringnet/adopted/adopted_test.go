package adopted_test

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet/adopted"
)

// Built by plain go, a program is told so; built by adopt, which sets the variable in
// internal/adopt's tests, that its sockets are the engine's.
func TestBuilt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stamp := adopted.Stamp()
	s, ok := adopted.Stats()
	if want := os.Getenv("ADOPTED_TEST") != ""; (stamp != "") != want || ok != want {
		t.Fatalf("stamp %q, stats %v: want built by adopt: %v", stamp, ok, want)
	}
	if ok && (!s.On || s.Open != 1 || s.Opened != 1 || s.Engine == "" || s.Counters == nil) {
		t.Errorf("with one listener: %+v", s)
	}
}

func Example() {
	if adopted.Stamp() == "" {
		fmt.Println("net is std's")
	} else if s, _ := adopted.Stats(); s.On {
		fmt.Println("net runs on the engine")
	}
	// Output: net is std's
}
