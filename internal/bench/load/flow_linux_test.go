package load

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// sink serves a listener that counts what it reads.
func sink(t *testing.T) (addr string, received func() (uint64, error)) {
	var n atomic.Uint64
	addr = serve(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		for {
			m, err := c.Read(buf)
			n.Add(uint64(m))
			if err != nil {
				return
			}
		}
	})
	return addr, func() (uint64, error) { return n.Load(), nil }
}

func TestSenderSaturates(t *testing.T) {
	addr, received := sink(t)
	s, err := NewSender(addr, SenderOptions{Conns: 10, Unit: 100, Chunk: 4000, Received: received})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.ResetFairness()
	for range 2 {
		got, err := s.Run(20 * time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if got.Total < 10*40 || got.Length < 20*time.Millisecond {
			t.Errorf("%+v", got)
		}
	}
	if n, _ := received(); n != s.sent {
		t.Errorf("sent %d, received %d", s.sent, n)
	}
	if lo, hi := s.Fairness(); lo <= 0 || hi < 1 {
		t.Errorf("fairness %v to %v", lo, hi)
	}
}

func TestSenderStopsAtLimit(t *testing.T) {
	addr, received := sink(t)
	const limit = 3 << 20
	s, err := NewSender(addr, SenderOptions{Conns: 4, Unit: 1 << 20, Chunk: 1 << 20, Limit: limit, Received: received})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Run(time.Second)
	if n, _ := received(); err != nil || got.Total != 3 || n != limit {
		t.Errorf("%+v, %d bytes received, error %v", got, n, err)
	}
}

func TestSenderHoldsRate(t *testing.T) {
	addr, received := sink(t)
	s, err := NewSender(addr, SenderOptions{Conns: 7, Unit: 100, Chunk: 100, Rate: 10_000, Received: received})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Run(50 * time.Millisecond)
	if err != nil || got.Total != 500 {
		t.Errorf("%d messages, want 500; error %v", got.Total, err)
	}
}

func TestDue(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		rate int
		want int
	}{{0, 60_000, 0}, {time.Second, 60_000, 60_000}, {250 * time.Millisecond, 60_000, 15_000}, {10 * time.Microsecond, 60_000, 0}, {time.Hour, 1, 3600}} {
		if got := Due(tt.d, tt.rate); got != tt.want {
			t.Errorf("due after %v at %d/s: %d, want %d", tt.d, tt.rate, got, tt.want)
		}
	}
}

// sendPattern sends n bytes of the pattern.
func sendPattern(c net.Conn, n int) {
	p := newPattern(readLen)
	for off := 0; off < n; {
		m, err := c.Write(p[off%patternLen:][:min(readLen, n-off)])
		if off += m; err != nil {
			return
		}
	}
}

func TestReceiver(t *testing.T) {
	addr := serve(t, func(c net.Conn) { sendPattern(c, 1<<30) })
	r, err := NewReceiver(addr, 3, 1<<20, 5<<20, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 2 {
		if got, err := r.Run(time.Second); err != nil || got.Requests != 5 || got.Total != 7 {
			t.Errorf("%+v, error %v", got, err)
		}
	}
}

func TestReceiverReportsWrongBytes(t *testing.T) {
	addr := serve(t, func(c net.Conn) { _, _ = c.Write(make([]byte, 1<<20)) })
	r, err := NewReceiver(addr, 1, 1<<20, 1<<20, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Run(time.Second); err == nil {
		t.Error("no error")
	}
}

func TestFiles(t *testing.T) {
	const size = 3 << 20
	addr := serve(t, func(c net.Conn) { sendPattern(c, size) })
	l, err := NewFiles(addr, FilesOptions{Conns: 2, Unit: 1 << 20, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 2 {
		if got, err := l.Run(time.Second); err != nil || got.Total != 6 {
			t.Errorf("%+v, error %v", got, err)
		}
	}
	short := serve(t, func(c net.Conn) { sendPattern(c, size-1) })
	if l, err = NewFiles(short, FilesOptions{Conns: 1, Unit: 1 << 20, Size: size}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Run(time.Second); err == nil {
		t.Error("a file too short: no error")
	}
}

func TestFilesUpload(t *testing.T) {
	const size = 3 << 20
	var got atomic.Int64
	addr := serve(t, func(c net.Conn) {
		n, _ := io.Copy(io.Discard, c)
		got.Add(n)
	})
	l, err := NewFiles(addr, FilesOptions{Conns: 2, Unit: 1 << 20, Size: size, Upload: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if s, err := l.Run(time.Second); err != nil || s.Total != 6 || got.Load() != 2*size {
		t.Errorf("%+v, %d bytes, error %v", s, got.Load(), err)
	}
}

// TestFilesGet has them from a server of net/http, and from one that knows none.
func TestFilesGet(t *testing.T) {
	const size = 3 << 20
	file := newPattern(size)[:size]
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/file" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(file)
	})}
	go func() { _ = s.Serve(ln) }()
	defer func() { _ = s.Close() }()
	for path, good := range map[string]bool{"/file": true, "/none": false} {
		l, err := NewFiles(ln.Addr().String(), FilesOptions{Conns: 2, Unit: 1 << 20, Size: size, Get: path, Segment: 1448})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range 2 {
			if got, err := l.Run(time.Second); good != (err == nil) || good && got.Total != 6 {
				t.Errorf("%s: %+v, error %v", path, got, err)
			}
		}
	}
}

func TestAcceptor(t *testing.T) {
	a, err := NewAcceptor(serve(t, echoAll), 16, 64, false)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := a.Run(50 * time.Millisecond)
	if err != nil || s.Requests == 0 || s.Total != a.Latency().Total() || s.Total > s.Requests+16 {
		t.Errorf("%+v, error %v", s, err)
	}
}

func TestClientActive(t *testing.T) {
	ex, err := NewExchange("echo", 64)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(serve(t, echoAll), 5, ex)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Active = 1
	if _, err := c.Run(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if lo, hi := c.Fairness(); lo != 0 || hi != 5 {
		t.Errorf("fairness %v to %v, want 0 to 5", lo, hi)
	}
}
