package main

import (
	"fmt"
	"path/filepath"

	"github.com/uringnet/go-uringnet/internal/bench/load"
	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// dial connects the load of a workload to a server.
func (r *runner) dial(w *workload) func(*measure.Plan, measure.Started) (measure.Load, error) {
	return func(p *measure.Plan, s measure.Started) (measure.Load, error) {
		o, spin := r.opts, p.Spinning()
		switch w.load {
		case "echo", "http", "json", "https":
			return dialExchange(w, p, s)
		case "paced", "saturate":
			so := load.SenderOptions{Conns: p.Conns, Unit: w.size, Chunk: ingestBatch * w.size, Received: receivedBy(s), Spin: spin}
			if w.paced {
				so.Chunk, so.Rate = w.size, o.rate
			}
			return some(load.NewSender(s.Addr, so))
		case "up":
			return some(load.NewSender(s.Addr, load.SenderOptions{
				Conns: p.Conns, Unit: mib, Chunk: mib, Limit: o.bulkBytes, Received: receivedBy(s), Spin: spin,
			}))
		case "down":
			return some(load.NewReceiver(s.Addr, p.Conns, mib, o.bulkBytes, spin))
		case "files", "upload", "get":
			fo := load.FilesOptions{Conns: p.Conns, Unit: mib, Size: o.fileBytes, Upload: w.load == "upload", Spin: spin}
			if w.proto == "file-small" || w.proto == "fileserver" {
				// As on Ethernet: a send buffer with less than one segment of
				// loopback waits for delayed acknowledgements alone.
				fo.Segment = 1448
			}
			if w.load == "get" {
				fo.Get = "/" + filepath.Base(r.file)
			}
			return some(load.NewFiles(s.Addr, fo))
		case "accept":
			return some(load.NewAcceptor(s.Addr, p.Conns, w.size, spin))
		}
		return nil, fmt.Errorf("unknown load %q", w.load)
	}
}

// some makes the interface of a pointer, which must not hold a nil pointer.
func some[L measure.Load](l L, err error) (measure.Load, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// dialExchange connects a client that plays ping-pong.
func dialExchange(w *workload, p *measure.Plan, s measure.Started) (measure.Load, error) {
	name, dial := w.load, load.Dial
	if name == "https" {
		name, dial = "http", load.DialTLS
	}
	ex, err := load.NewExchange(name, w.size)
	if err != nil {
		return nil, err
	}
	c, err := dial(s.Addr, p.Conns, ex)
	if err != nil {
		return nil, err
	}
	c.Spin = p.Spinning()
	return c, nil
}

// receivedBy asks a sink what it has received.
func receivedBy(s measure.Started) func() (uint64, error) {
	return func() (uint64, error) {
		m, err := s.Stats()
		return m["received_bytes"], err
	}
}
