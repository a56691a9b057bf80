package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// progress is what has been done.
type progress struct {
	shipped, bytes atomic.Int64 // lines, and their bytes
	waiting        atomic.Int64 // lines read and not shipped
	cut            atomic.Int64 // lines sent in pieces
	lost           atomic.Int64 // connections lost, or not come about
	read, size     atomic.Int64 // of the files that are being read
}

// backfill is how far behind the end of the file reading has to be for progress
// to be worth showing.
const backfill = 1 << 20

// minRate is how many bytes have to be read in a second for the time that is left
// to mean anything.
const minRate = 1 << 10

// show writes progress in each period, on one line if out is a terminal. The
// function it returns ends that.
func show(out io.Writer, every time.Duration, p *progress) (stop func()) {
	if every == 0 {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		m := meter{p: p, last: time.Now()}
		tick := time.NewTicker(every)
		defer tick.Stop()
		end, clear := "\n", ""
		if cli.IsTerminal(out) {
			end, clear = "", "\r\x1b[K"
		}
		for {
			select {
			case <-quit:
				fmt.Fprint(out, clear)
				return
			case now := <-tick.C:
				fmt.Fprint(out, clear, m.line(now), end)
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// meter makes rates of progress.
type meter struct {
	p              *progress
	last           time.Time
	shipped, bytes int64   // at last
	read           int64   // at last
	rate           float64 // of reading, smoothed
}

// line describes what was done since the last line.
func (m *meter) line(now time.Time) string {
	p, d := m.p, now.Sub(m.last).Seconds()
	shipped, bytes, read := p.shipped.Load(), p.bytes.Load(), p.read.Load()
	perSecond := float64(shipped-m.shipped) / d
	mbs := float64(bytes-m.bytes) / d / 1e6
	m.rate += (float64(max(0, read-m.read))/d - m.rate) / 2
	s := fmt.Sprintf("%s  shipped %d lines (%.1f MB)  %.0f lines/s  %.1f MB/s  waiting %d",
		now.Format("15:04:05"), shipped, float64(bytes)/1e6, perSecond, mbs, p.waiting.Load())
	size := p.size.Load() // once: a truncation may change it meanwhile
	if left := size - read; left > backfill {
		s += fmt.Sprintf("  %d %% of the file", 100*read/size)
		if m.rate >= minRate {
			s += fmt.Sprintf(", %v left", time.Duration(float64(left)/m.rate*float64(time.Second)).Round(time.Second))
		}
	}
	if lost := p.lost.Load(); lost > 0 {
		s += fmt.Sprintf("  connections lost %d", lost)
	}
	m.last, m.shipped, m.bytes, m.read = now, shipped, bytes, read
	return s
}

// summary describes all of it.
func (p *progress) summary() string {
	s := fmt.Sprintf("shipped %d lines (%d bytes), %d connections lost", p.shipped.Load(), p.bytes.Load(), p.lost.Load())
	if n := p.cut.Load(); n > 0 {
		s += fmt.Sprintf(", %d long lines sent in pieces", n)
	}
	if n := p.waiting.Load(); n > 0 {
		s += fmt.Sprintf(", %d lines read and NOT shipped", n)
	}
	return s
}
