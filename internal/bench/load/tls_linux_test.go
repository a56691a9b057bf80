package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestClientTLS(t *testing.T) {
	page := strings.Repeat("x", jsonLen)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4096")
		_, _ = w.Write([]byte(page))
	}))
	defer s.Close()
	ex, err := NewExchange("json", 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := DialTLS(s.Listener.Addr().String(), 5, ex)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Run(50 * time.Millisecond)
	if err != nil || got.Requests < 5 || got.Total != c.Latency().Total() {
		t.Errorf("%+v, error %v", got, err)
	}
}
