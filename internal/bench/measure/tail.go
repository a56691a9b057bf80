package measure

import "sync"

// Tail keeps the last bytes written to it. It holds a server's standard error
// for when it is wanted.
type Tail struct {
	mu sync.Mutex
	b  []byte
}

const tailLen = 4096

// Write implements io.Writer.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > tailLen {
		t.b = t.b[len(t.b)-tailLen:]
	}
	return len(p), nil
}

func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
