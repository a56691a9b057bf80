package intake

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// nullFS writes nowhere.
type nullFS struct{ store.StdFS }

type nullFile struct{ store.File }

func (nullFS) Create(string, fs.FileMode) (store.File, error) { return nullFile{}, nil }
func (nullFile) WriteAt(b []byte, _ int64) (int, error)       { return len(b), nil }
func (nullFile) Datasync() error                              { return nil }
func (nullFile) Truncate(int64) error                         { return nil }
func (nullFile) Close() error                                 { return nil }

// quietPeer takes everything.
type quietPeer struct{ resumed chan struct{} }

func (quietPeer) Write(b []byte) (int, error) { return len(b), nil }
func (quietPeer) Pause()                      {}
func (p quietPeer) Resume()                   { p.resumed <- struct{}{} }
func (quietPeer) Close() error                { return nil }

// BenchmarkSession is what a message of 100 bytes costs from the received chunk
// to the batch, with the writer's checksum.
func BenchmarkSession(b *testing.B) {
	line := "<14>1 2026-05-06T07:08:09.123456Z host1 app 1234 - - "
	line += strings.Repeat("x", 100-len(line))
	old := "<14>May  6 07:08:09 host1 app[1234]: "
	old += strings.Repeat("x", 100-len(old))
	for _, c := range []struct {
		name  string
		proto Proto
		frame string
	}{
		{"lines5424", Auto, line + "\n"},
		{"lines3164", Auto, old + "\n"},
		{"octets", Auto, "100 " + line},
		{"relp", RELP, ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := store.Open(store.Options{
				Dir: b.TempDir(), FS: nullFS{}, Lanes: 1, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			p := quietPeer{make(chan struct{}, 1)}
			x := New(Config{Store: s}).NewSession(p, c.proto, 0, nil)
			const logs = 600
			chunk := []byte(strings.Repeat(c.frame, logs))
			txnr := 0
			b.SetBytes(100)
			b.ReportAllocs()
			for i := 0; i < b.N; i += logs {
				if c.proto == RELP {
					b.StopTimer()
					chunk = chunk[:0]
					for range logs {
						txnr++
						chunk = fmt.Appendf(chunk, "%d syslog 100 %s\n", txnr, line)
					}
					b.StartTimer()
				}
				x.Data(chunk)
				x.mu.Lock()
				stalled := x.stalled
				x.mu.Unlock()
				if stalled {
					<-p.resumed
				} else {
					select {
					case <-p.resumed:
					default:
					}
				}
			}
			x.End(io.EOF)
		})
	}
}
