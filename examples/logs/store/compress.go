package store

import (
	"runtime"

	"github.com/klauspost/compress/zstd"
)

// maxSqueezers bounds how many batches are compressed at a time.
const maxSqueezers = 4

// zstdSlack is what zstd adds at most to size bytes that it cannot compress: a
// frame's header and its checksum, and three bytes for each of its blocks.
func zstdSlack(size int) int { return 32 + size>>12 }

// startSqueezers starts the goroutines that compress.
func (s *Store) startSqueezers() error {
	n := min(runtime.GOMAXPROCS(0), maxSqueezers)
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(n),
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false), // the block has one
	)
	if err != nil {
		return err
	}
	s.squeeze = make(chan *batch, s.opts.Batches)
	for range n {
		s.squeezing.Go(func() {
			for b := range s.squeeze {
				b.finish(s.run, enc.EncodeAll)
				s.mu.Lock()
				b.ready = true
				s.mu.Unlock()
				s.rouse(false)
			}
		})
	}
	return nil
}

// stopSqueezers ends them. All batches have been compressed.
func (s *Store) stopSqueezers() {
	if s.squeeze != nil {
		close(s.squeeze)
		s.squeezing.Wait()
	}
}

// newZstdDecoder makes what a Scanner decompresses with.
func newZstdDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(maxBatch),
		zstd.WithDecodeAllCapLimit(true), // a block says how long it will be
	)
}
