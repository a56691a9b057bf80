// Wrap moves an existing server's listener to io_uring: one that systemd or
// another parent passed as descriptor 3 (socket activation), or one made by
// net.Listen.
//
//	go run ./examples/wrap
//	systemd-socket-activate -l 127.0.0.1:8080 go run ./examples/wrap
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/uringnet/go-uringnet/uringnet"
)

func main() {
	ln, err := existing()
	if err != nil {
		log.Fatal(err)
	}
	ln, err = uringnet.Wrap(ln) // the one line to add
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(uringnet.Default().Status())
	fmt.Println("serving on", ln.Addr())
	log.Fatal(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello, %s\n", r.RemoteAddr)
	})))
}

// existing stands for the code that a program has already.
func existing() (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") == "1" {
		f := os.NewFile(3, "socket")
		defer f.Close()
		return net.FileListener(f)
	}
	return net.Listen("tcp", "127.0.0.1:0")
}
