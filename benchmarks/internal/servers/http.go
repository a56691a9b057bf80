package servers

import (
	"io"
	"net"
	"net/http"
	"time"
)

// serveHTTP serves one small page with net/http.
func serveHTTP(ln net.Listener, o Options) error {
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			compute(o.Work)
			_, _ = io.WriteString(w, "Hello, World!")
		}),
		ReadHeaderTimeout: time.Minute,
	}
	return s.Serve(ln)
}
