package sink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

const (
	// retryMin and retryMax bound the pause after a failure, which doubles.
	retryMin, retryMax = 100 * time.Millisecond, 30 * time.Second
	// openTimeout is how long it may take to connect.
	openTimeout = 10 * time.Second
	// ackTimeout is how long a target may acknowledge nothing while it has something to.
	ackTimeout = 15 * time.Second
	// keepEvery is how often the cursor is written, and the lag measured.
	keepEvery = time.Second
)

// Options are what a Sink needs besides its Config.
type Options struct {
	Config
	// Dir is where the cursor and the dead letters are. It has to exist.
	Dir string
	// FS is the disk; nil means store.StdFS.
	FS store.FS
	// FileMode is that of files that are made; default 0640.
	FileMode fs.FileMode
	// Gid is the group that they are given to; 0 and -1: the process's.
	Gid int
	// Logger is told what happens; nil means slog.Default.
	Logger *slog.Logger

	target             target // in place of the Config's
	retryMin, retryMax time.Duration
	keepEvery          time.Duration
	ackTimeout         time.Duration
}

// A Sink sends what a store has stored to a target. Its methods may be called from any
// goroutine.
type Sink struct {
	opts   Options
	log    *slog.Logger
	target target
	path   string // of the cursor
	loaded bool   // there was a cursor
	store  *store.Store
	counts counters

	soft     context.Context // ends when what is stored shall be the last
	softStop context.CancelFunc
	hard     context.Context // ends when nothing shall be sent any more
	hardStop context.CancelFunc
	running  sync.WaitGroup
	started  bool
	orderly  bool          // run has ended with nothing outstanding
	finished chan struct{} // closed when run has returned

	left map[batchID]marks // what is done of what is not committed; run's

	saved cursor // as it is on disk; keep's
	grip  uint64 // the first segment held; keep's

	mu      sync.Mutex
	at      cursor           // what is committed
	sizes   map[uint64]int64 // of segments that are not committed
	current *attempt         // nil: there is none
	dead    deadLetters
	said    limiter
}

// New makes a Sink and reads its cursor, whose damage is an error. Nothing is sent
// before Start.
func New(o Options) (*Sink, error) {
	if o.FS == nil {
		o.FS = store.StdFS{}
	}
	if o.FileMode == 0 {
		o.FileMode = 0o640
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	setDefault(&o.retryMin, retryMin)
	setDefault(&o.retryMax, retryMax)
	setDefault(&o.keepEvery, keepEvery)
	setDefault(&o.ackTimeout, ackTimeout)
	s := &Sink{
		opts: o, log: o.Logger.With("sink", o.Name), path: cursorPath(o.Dir, o.Name),
		sizes: map[uint64]int64{}, finished: make(chan struct{}),
	}
	s.dead = deadLetters{maker: s.maker(), dir: o.Dir, sink: o.Name}
	var err error
	if s.saved, s.loaded, err = loadCursor(o.FS, s.path, o.Name); err != nil {
		return nil, err
	}
	s.at = s.saved
	if s.loaded {
		s.counts.acked.Store(s.saved.Saved.UnixNano())
		s.counts.uncertain.Store(!s.saved.Clean)
	}
	if s.target = o.target; s.target == nil {
		if s.target, err = newTarget(&s.opts.Config, s.log, &s.counts); err != nil {
			return nil, err
		}
	}
	s.soft, s.softStop = context.WithCancel(context.Background())
	s.hard, s.hardStop = context.WithCancel(context.Background())
	return s, nil
}

// maker makes the Sink's files.
func (s *Sink) maker() maker { return maker{s.opts.FS, s.opts.FileMode, s.opts.Gid} }

func setDefault(d *time.Duration, to time.Duration) {
	if *d <= 0 {
		*d = to
	}
}

// Name is what the sink is called in metrics, logs and the names of its files.
func (s *Sink) Name() string { return s.opts.Name }

// Target says where the sink sends to.
func (s *Sink) Target() string { return s.opts.Config.String() }

// Held is the first segment that the sink wants to be kept (store.Options.Held); false:
// it does not mind.
func (s *Sink) Held() (segment uint64, held bool) {
	if s.opts.NoHold || !s.loaded && s.opts.Newest {
		return 0, false
	}
	return s.saved.Segment, true
}

// Start begins to send what st stores, and has stored after the cursor.
func (s *Sink) Start(st *store.Store) error {
	s.store = st
	if err := s.resume(); err != nil {
		return fmt.Errorf("sink %s: %w", s.Name(), err)
	}
	s.keep()
	s.started = true
	s.running.Go(func() {
		defer close(s.finished)
		s.run()
	})
	s.running.Go(s.keeper)
	return nil
}

// resume finds out where to begin.
func (s *Sink) resume() error {
	extents, err := s.store.Extents()
	if err != nil {
		return err
	}
	stored := s.store.Stored()
	oldest := store.Position{Segment: stored.Segment}
	if len(extents) > 0 {
		oldest.Segment = extents[0].Segment
	}
	why := ""
	switch {
	case !s.loaded && s.opts.Newest:
		s.at.Position = stored
	case !s.loaded:
		s.at.Position = oldest
	case before(stored, s.at.Position):
		why = "the store ends before it"
	case !s.sameRun(extents):
		why = "the segment there is another one"
	}
	if why != "" {
		s.counts.rewound.Add(1)
		s.log.Error("sink: the cursor is not of this store; all that is stored is sent, some of it again",
			"why", why, "segment", s.at.Segment, "offset", s.at.Offset)
		s.at.Position = oldest
	}
	return nil
}

// sameRun reports whether the cursor's segment is the one that was read: a power cut may
// have taken that, and a segment of the same number been made since.
func (s *Sink) sameRun(extents []store.Extent) bool {
	if s.at.Run == 0 || s.at.Offset == 0 {
		return true
	}
	for _, e := range extents {
		if e.Segment != s.at.Segment {
			continue
		}
		found := errors.New("found")
		same := true
		scanner := store.Scanner{FS: s.store.FS()}
		err := scanner.Scan(e.Path, func(r store.Record) error {
			same = r.Run == s.at.Run
			return found
		})
		return same && (err == nil || errors.Is(err, found) || errors.Is(err, store.ErrDamaged))
	}
	return true // removed
}

// before reports whether p comes before q.
func before(p, q store.Position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// Stop sends what is stored, as long as the target takes it, waits for what is
// outstanding, and writes the cursor. When ctx ends it stops at once; what was not
// acknowledged is sent again after the next Start. The error is of the cursor.
func (s *Sink) Stop(ctx context.Context) error {
	s.softStop()
	defer s.hardStop()
	if !s.started {
		return nil
	}
	select {
	case <-s.finished:
	case <-ctx.Done():
	}
	s.hardStop()
	s.running.Wait()
	err := s.save(s.orderly)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(err, s.dead.close()); err != nil {
		return fmt.Errorf("sink %s: %w", s.Name(), err)
	}
	return nil
}

// committed is where the next session begins.
func (s *Sink) committed() store.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.Position
}

// commit notes that a batch and all before it are done. It is called with the ledger's
// lock held.
func (s *Sink) commit(e *entry) {
	s.counts.delivered.Add(uint64(e.records))
	s.counts.acked.Store(time.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at.Position, s.at.Run = e.at, e.id.run
	if e.records > 0 {
		s.at.Received = e.last
	}
}
