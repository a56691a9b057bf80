// Adopt builds Go programs whose package net runs on the engine, with no change to their
// source: every *net.TCPConn, net.Buffers or LimitListener stays what it is.
//
//	go run github.com/uringnet/go-uringnet/uringnet/adopt build -o server ./cmd/server
//	go run github.com/uringnet/go-uringnet/uringnet/adopt run ./cmd/server -flags
//	go run github.com/uringnet/go-uringnet/uringnet/adopt test ./...
//	go run github.com/uringnet/go-uringnet/uringnet/adopt doctor
//
// How, and what to do when it breaks: docs/adopt.md.
package main

import (
	"io"
	"os"

	"github.com/uringnet/go-uringnet/internal/adopt"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int { return adopt.Run(args, stdout, stderr) }
