package store

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// ErrClosed is the error of a Store that is closed, or being closed.
var ErrClosed = errors.New("store: closed")

// A Store takes log records and keeps them in the segments of a directory. Its
// methods may be called from any goroutine.
type Store struct {
	opts  Options
	stats *stats.Stats
	lock  io.Closer
	lanes []*Lane

	run       uint64 // identifies what this Store writes
	maxRecord int
	start     time.Time

	mu     sync.Mutex
	free   []*batch
	sealed []*batch // in order; not yet taken by the writer

	squeeze chan *batch   // sealed, to be compressed; nil without compression
	stored  chan *batch   // from the writer to the notifier
	room    chan struct{} // pokes the notifier
	waiters atomic.Int64  // callbacks in all lanes' waiters
	turn    int           // the notifier's: which lane was served last

	w      writer
	syncer syncer
	keeper keeper

	progress progress
	health   health

	logMu  sync.Mutex
	logged time.Time // when an error was last logged
	muted  int       // errors since then

	closeOnce sync.Once
	closing   chan struct{} // closed when lanes are; giveUp is set before
	giveUp    time.Time
	running   sync.WaitGroup // writer and notifier
	squeezing sync.WaitGroup // workers
	closeErr  error
}

// Open opens the store of a directory, which one Store at a time can have. It
// cuts what a crash left half written, and will write to a new segment.
func Open(o Options) (*Store, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	s := &Store{
		opts:    o,
		stats:   o.Stats,
		start:   time.Now(),
		room:    make(chan struct{}, 1),
		stored:  make(chan *batch, o.Batches),
		closing: make(chan struct{}),
	}
	var r [8]byte
	rand.Read(r[:])
	s.run = binary.LittleEndian.Uint64(r[:])
	if err := s.openDir(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for i := range o.Lanes {
		s.lanes = append(s.lanes, &Lane{s: s, number: i})
	}
	s.progress.held = maps.Clone(o.Held)
	s.w.init()
	s.startSyncer()
	s.startKeeper()
	s.running.Go(s.write)
	s.running.Go(s.notify)
	return s, nil
}

// openDir locks the directory and recovers its segments. It begins a new one, so
// that a directory that cannot be written to is found out now; that the disk is
// full is no reason not to start.
func (s *Store) openDir() (err error) {
	dir := s.opts.Dir
	if err := s.makeDir(); err != nil {
		return err
	}
	s.lock, err = s.opts.FS.Lock(filepath.Join(dir, "lock"), s.opts.FileMode)
	if err != nil {
		return fmt.Errorf("%s is in use, or cannot be locked: %w", dir, err)
	}
	defer func() {
		if err != nil {
			s.lock.Close()
		}
	}()
	if s.w.last, err = s.recover(); err != nil {
		return err
	}
	if err := s.makeBatches(); err != nil {
		return fmt.Errorf("buffers: %w", err)
	}
	if err := s.newSegment(); err != nil && !isFull(err) {
		s.stopSqueezers()
		return err
	}
	s.progress.at = Position{Segment: s.w.last + 1}
	if s.w.seg != nil {
		s.progress.at = Position{s.w.last, headerSize}
	}
	return nil
}

// makeDir makes the directory and those above it, as far as they are not there, and their
// entries durable.
func (s *Store) makeDir() error { return s.makeDirs(filepath.Clean(s.opts.Dir)) }

func (s *Store) makeDirs(dir string) error {
	if _, err := s.opts.FS.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil // or Lock says what is wrong
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := s.makeDirs(parent); err != nil {
			return err
		}
	}
	if err := s.opts.FS.Mkdir(dir, s.opts.DirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if s.opts.Gid > 0 {
		if err := s.opts.FS.Chown(dir, s.opts.Gid); err != nil {
			return err
		}
	}
	return s.opts.FS.SyncDir(parent)
}

// makeBatches makes the buffers and what compression needs.
func (s *Store) makeBatches() error {
	n := s.opts.Batches
	size := s.opts.BatchSize
	room := size
	if s.opts.Compress {
		n *= 2
		room -= zstdSlack(size)
	}
	bufs, err := s.opts.FS.Buffers(n, size)
	if err != nil {
		return err
	}
	for i := range s.opts.Batches {
		b := newBatch(bufs[i][:size], nil)
		if s.opts.Compress {
			b.zstd = bufs[s.opts.Batches+i][:size]
		}
		b.room = room
		s.free = append(s.free, b)
	}
	s.maxRecord = room - headerSize - recordOverhead
	if s.opts.Compress {
		return s.startSqueezers()
	}
	return nil
}

// Lane returns lane i modulo Options.Lanes.
func (s *Store) Lane(i int) *Lane { return s.lanes[uint(i)%uint(len(s.lanes))] }

// MaxRecord is the length in bytes of the longest message that is stored whole.
func (s *Store) MaxRecord() int { return s.maxRecord }

// Err returns ErrClosed after Close was called, nil before.
func (s *Store) Err() error {
	select {
	case <-s.closing:
		return ErrClosed
	default:
		return nil
	}
}

// Close stores what was appended, syncs the last segment and, under Interval,
// those not yet synced, and returns when all is done and all callbacks were
// called. While there are errors it tries for Options.CloseTimeout; what is not
// stored then is reported to its Waiters and by the error returned. Append
// fails from when Close is called. Do not call Close from a callback.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		for _, l := range s.lanes {
			l.close()
		}
		s.giveUp = time.Now().Add(s.opts.CloseTimeout)
		close(s.closing)
		s.running.Wait()
		s.stopKeeper()
		s.stopSqueezers()
		s.lock.Close()
	})
	return s.closeErr
}

// elapsed is t as nanoseconds since the start, one at least.
func (s *Store) elapsed(t time.Time) int64 { return max(1, int64(t.Sub(s.start))) }

// takeFree takes a free batch, nil if there is none.
func (s *Store) takeFree() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free) - 1
	if n < 0 {
		return nil
	}
	b := s.free[n]
	s.free = s.free[:n]
	return b
}

// hasFree reports whether there is a free batch.
func (s *Store) hasFree() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.free) > 0
}

// release makes a batch free.
func (s *Store) release(b *batch) {
	b.reset()
	s.mu.Lock()
	s.free = append(s.free, b)
	s.mu.Unlock()
	if s.waiters.Load() > 0 {
		s.pokeNotifier()
	}
}

// enqueue hands a sealed batch to the writer. The caller holds its lane's lock,
// which keeps the lane's batches in order.
func (s *Store) enqueue(b *batch) {
	s.stats.QueueBatches.Add(1)
	s.stats.QueueBytes.Add(int64(b.n))
	b.ready = s.squeeze == nil
	s.mu.Lock()
	s.sealed = append(s.sealed, b)
	s.mu.Unlock()
	if s.squeeze != nil {
		s.squeeze <- b // has room for all batches
		return
	}
	s.rouse(false)
}
