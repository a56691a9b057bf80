//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	_, err := parseFlags(os.Args[1:])
	if err == nil {
		err = fmt.Errorf("this benchmark needs Linux: it uses epoll, CPU affinity and /proc")
	}
	fmt.Fprintln(os.Stderr, "suite:", err)
	os.Exit(1)
}
