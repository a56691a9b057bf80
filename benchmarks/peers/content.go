package main

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// period is after how many bytes the content of a source repeats: a prime, so
// that no buffer's size divides it and a lost or repeated buffer is seen.
const period = 251

// fileChunk is how much of a file is given to a peer at once, where it is the
// application that cuts the file to pieces.
const fileChunk = 256 << 10

// content is what a server sends of itself. It is nil for those that send none.
type content interface {
	// at returns the next bytes to send after off bytes, none at the end. They
	// must not be changed.
	at(off int64) []byte
}

func newContent(o options) (content, error) {
	switch o.proto {
	case "source":
		return newPattern(o.buf), nil
	case "file":
		return mapFile(o.file)
	}
	return nil, nil
}

// pattern is the content of a source: the byte at offset i is i modulo 251.
type pattern struct {
	bytes []byte
	n     int
}

func newPattern(n int) *pattern {
	p := &pattern{make([]byte, n+period), n}
	for i := range p.bytes {
		p.bytes[i] = byte(i % period)
	}
	return p
}

func (p *pattern) at(off int64) []byte {
	i := int(off % period)
	return p.bytes[i : i+p.n]
}

// mapped is a file in memory, shared with the page cache.
type mapped struct {
	bytes []byte
	path  string
}

func mapFile(path string) (*mapped, error) {
	if path == "" {
		return nil, errors.New("-proto file needs -file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return &mapped{nil, path}, nil
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return &mapped{b, path}, nil
}

func (m *mapped) at(off int64) []byte {
	rest := m.bytes[min(off, int64(len(m.bytes))):]
	return rest[:min(len(rest), fileChunk)]
}

// What the http protocol answers.
const (
	helloPage = "Hello, World!"
	jsonSize  = 4096
)

// jsonPage is a JSON object of exactly jsonSize bytes.
var jsonPage = func() string {
	const begin, end = `{"message":"`, `"}`
	return begin + strings.Repeat("x", jsonSize-len(begin)-len(end)) + end
}()
