package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// Durability says what has to have happened to a record before it counts as
// stored.
type Durability uint8

const (
	// None: write(2) has taken it. Nothing is synced but at Close.
	None Durability = iota
	// Interval: as None, and files are synced every Options.Interval.
	Interval
	// Group: it is on disk. Each sync serves all that was waiting for one.
	Group
)

var durabilities = [...]string{None: "none", Interval: "interval", Group: "group"}

// String is the name that ParseDurability knows.
func (d Durability) String() string {
	if int(d) < len(durabilities) {
		return durabilities[d]
	}
	return fmt.Sprintf("Durability(%d)", uint8(d))
}

// ParseDurability reads "none", "interval" or "group".
func ParseDurability(s string) (Durability, error) {
	for d, name := range durabilities {
		if s == name {
			return Durability(d), nil
		}
	}
	return 0, fmt.Errorf("store: durability %q is none of %s", s, strings.Join(durabilities[:], ", "))
}

// Options configure a Store. The zero value of a field means its default.
type Options struct {
	// Dir is where the segments are. It is made if it does not exist.
	Dir string
	// SegmentSize is the size in bytes from which a segment is followed by the
	// next; default 256 MiB. A segment has one block at least.
	SegmentSize int64
	// SegmentAge is how old a segment may get; default one hour.
	SegmentAge time.Duration
	// Durability is None unless set.
	Durability Durability
	// Interval is the time between syncs under Durability Interval; default one
	// second.
	Interval time.Duration
	// Compress compresses batches with zstd.
	Compress bool
	// BatchSize is the size of a batch's buffer in bytes; default 256 KiB. A
	// record has to fit into one.
	BatchSize int
	// Batches is the number of buffers; default 32, and two for each lane at
	// least. Compress doubles the memory, not the number.
	Batches int
	// BatchDelay is the least time between the beginnings of two writes; default
	// 300 us. What comes when the last one was longer ago is written at once, and
	// what comes sooner together. Under Group the disk sets the pace: the writer takes
	// what is there as soon as it is free.
	BatchDelay time.Duration
	// Lanes is the number of Lanes; default GOMAXPROCS.
	Lanes int
	// CloseTimeout bounds how long Close tries to write to a file system that
	// reports errors; default ten seconds.
	CloseTimeout time.Duration
	// FS is the disk; nil means StdFS.
	FS FS
	// Stats is counted in; nil means counters of the Store's own.
	Stats *stats.Stats
	// Logger gets errors, once a second at most; nil means slog.Default.
	Logger *slog.Logger

	// KeepAge is how long a segment is kept after its last record came, KeepSize how
	// many bytes of segments are kept, KeepFree how many bytes the file system is to
	// have free, as far as removing segments helps; 0: no matter. The oldest go first,
	// never the one that is written.
	KeepAge            time.Duration
	KeepSize, KeepFree int64
	// Held is what Store.Hold would be told, by name, before retention looks for the first
	// time: what followers of an earlier run had not read.
	Held map[string]uint64

	// FileMode and DirMode are the permissions of files and directories that are made,
	// whatever the umask; default 0640 and 0750. Gid is the group that they are given
	// to; 0 and -1: the process's. That they cannot be is an error of Open.
	FileMode, DirMode fs.FileMode
	Gid               int

	now                func() time.Time // for names and ages
	retryMin, retryMax time.Duration    // pauses after errors
}

// setDefaults fills what is not set and refuses what makes no sense.
func (o *Options) setDefaults() error {
	if o.Dir == "" {
		return errors.New("store: no directory")
	}
	setDefault(&o.SegmentSize, 256<<20)
	setDefault(&o.SegmentAge, time.Hour)
	setDefault(&o.Interval, time.Second)
	setDefault(&o.BatchSize, 256<<10)
	setDefault(&o.Batches, 32)
	setDefault(&o.BatchDelay, 300*time.Microsecond)
	setDefault(&o.Lanes, runtime.GOMAXPROCS(0))
	setDefault(&o.CloseTimeout, 10*time.Second)
	setDefault(&o.retryMin, 100*time.Millisecond)
	setDefault(&o.retryMax, 5*time.Second)
	o.Batches = max(o.Batches, 2*o.Lanes)
	switch {
	case o.BatchSize < minBatch || o.BatchSize > maxBatch:
		return fmt.Errorf("store: batch size %d is not within %d..%d", o.BatchSize, minBatch, maxBatch)
	case o.Lanes > maxLanes:
		return fmt.Errorf("store: %d lanes, at most %d", o.Lanes, maxLanes)
	case o.Durability > Group:
		return fmt.Errorf("store: no such durability: %v", o.Durability)
	}
	if o.FileMode == 0 {
		o.FileMode = 0o640
	}
	if o.DirMode == 0 {
		o.DirMode = 0o750
	}
	if o.FS == nil {
		o.FS = StdFS{}
	}
	if o.Stats == nil {
		o.Stats = new(stats.Stats)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.now == nil {
		o.now = time.Now
	}
	return nil
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
