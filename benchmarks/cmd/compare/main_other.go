//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "compare: this benchmark needs Linux: it uses epoll, CPU affinity and /proc")
	os.Exit(1)
}
