package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// readAhead is how many batches are read ahead of the network.
const readAhead = 4

// readSize is how many bytes are read at a time.
const readSize = 64 << 10

// lastRead is how long what a Read has brought may take to get here when ctx ends.
const lastRead = 20 * time.Millisecond

// readStream reads lines until the stream or ctx ends. A Read that cannot be
// interrupted is left to a goroutine: what it brings later is not shipped.
func readStream(ctx context.Context, r io.Reader, l *lines, out chan<- batch) error {
	chunks, failed, gone := make(chan []byte), make(chan error, 1), make(chan struct{})
	defer close(gone)
	var over <-chan time.Time // after ctx: when what was read has to be here
	go func() {
		failed <- readChunks(r, chunks, gone)
		close(chunks)
	}()
	for {
		var b []byte
		ok := true
		select {
		case b, ok = <-chunks:
		case <-ctx.Done():
			if over == nil {
				over = time.After(lastRead)
			}
			select {
			case b, ok = <-chunks:
			case <-over:
				ok = false
			}
		}
		if ok {
			deliver(out, batch{lines: l.feed(b)})
			continue
		}
		deliver(out, batch{lines: l.last()})
		select {
		case err := <-failed:
			return err
		default:
			return nil
		}
	}
}

// readChunks reads until the stream ends or nobody takes what it gives.
func readChunks(r io.Reader, chunks chan<- []byte, gone <-chan struct{}) error {
	buf := make([]byte, readSize)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			select {
			case chunks <- append([]byte(nil), buf[:n]...):
			case <-gone:
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// deliver passes a batch on, if there is anything in it.
func deliver(out chan<- batch, b batch) {
	if len(b.lines) > 0 {
		out <- b
	}
}
