// Http serves net/http on io_uring and shows the engine's counters.
//
//	go run ./examples/http
//	go run ./examples/http -tls    (HTTPS and HTTP/2 with a certificate made on the spot)
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	secure := flag.Bool("tls", false, "serve HTTPS and HTTP/2 with a certificate of its own making")
	every := flag.Duration("every", time.Second, "how often to print the counters; 0: never")
	flag.Parse()

	ln, err := uringnet.Listen("tcp", *addr) // was net.Listen: nothing else changes
	if err != nil {
		log.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: 10 * time.Second}
	scheme := "http"
	if *secure {
		cert, err := selfSigned()
		if err != nil {
			log.Fatal(err)
		}
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		scheme = "https"
	}
	fmt.Println(uringnet.Default().Status())
	fmt.Printf("serving on %s://%s\n", scheme, ln.Addr())

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *every > 0 {
		go show(ctx, *every)
	}
	go func() {
		<-ctx.Done()
		graceful, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(graceful)
	}()
	if *secure {
		err = srv.ServeTLS(ln, "", "")
	} else {
		err = srv.Serve(ln)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "Hello over %s, on %v\n", r.Proto, uringnet.Default().Status())
}
