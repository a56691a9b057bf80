package adopt

import (
	"strings"
	"testing"
)

// bubbles is a test that makes the engine inside a bubble of testing/synctest, and
// looks for its goroutines.
const bubbles = `package p

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestBubble(t *testing.T) {
	before := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) { talk(t) })
	talk(t)
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left, want %d", n, before)
	}
	b := make([]byte, 1<<20)
	if stacks := string(b[:runtime.Stack(b, true)]); strings.Contains(stacks, "go-uringnet/") {
		t.Errorf("the engine's goroutines can be seen:\n%s", stacks)
	}
	_, stats := net.ErrClosed.(interface{ Uringnet() (string, string) }).Uringnet()
	if !strings.Contains(stats, "\"Opened\":6") {
		t.Errorf("want 6 sockets on the engine: %s", stats)
	}
}

func talk(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	done := make(chan bool)
	go func() {
		defer close(done)
		c, err := l.Accept()
		check(t, err)
		_, err = io.Copy(c, c)
		check(t, err)
		check(t, c.Close())
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	check(t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err = c.Write([]byte("hello"))
	check(t, err)
	_, err = io.ReadFull(c, make([]byte, 5))
	check(t, err)
	check(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	_, err = c.Read(make([]byte, 5))
	if e, ok := err.(net.Error); !ok || !e.Timeout() {
		t.Errorf("Read past its deadline: %v", err)
	}
	check(t, c.Close())
	<-done
	check(t, l.Close())
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
`

// The engine's goroutines are the runtime's own: neither leak checks nor bubbles see
// them, and what is made inside a bubble does not belong to it.
func TestBubbles(t *testing.T) {
	tempDirs(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{"go.mod": "module example.com/p\n\ngo 1.26\n", "p_test.go": bubbles})
	stdout, _ := mustRun(t, "test", "-C", dir, "-count=1", "-timeout=60s", ".")
	if !strings.Contains(stdout, "ok") {
		t.Error(stdout)
	}
}
