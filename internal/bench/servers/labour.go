package servers

import (
	"errors"
	"os"
	"sync"
	"time"
)

const (
	// labourers is how many goroutines write and fsync a file each.
	labourers = 2
	blockLen  = 4 << 10
	fileLen   = 1 << 20
)

// labour is the work of a server besides its connections: goroutines that write
// a block and fsync, over and over, as a database does.
type labour struct {
	dir  string
	stop chan struct{} // nil while there is none
	done sync.WaitGroup
	errs [labourers]error
}

// begin starts it. It goes on no longer than limit.
func (l *labour) begin(limit time.Duration) error {
	if l.stop != nil {
		return errors.New("busy already")
	}
	l.stop = make(chan struct{})
	end := time.Now().Add(limit)
	for i := range l.errs {
		f, err := os.CreateTemp(l.dir, "fsync-")
		if err != nil {
			return errors.Join(err, l.rest())
		}
		l.done.Go(func() {
			err := write(f, l.stop, end)
			l.errs[i] = errors.Join(err, f.Close(), os.Remove(f.Name()))
		})
	}
	return nil
}

// rest ends it, and says whether it could be done.
func (l *labour) rest() error {
	if l.stop == nil {
		return errors.New("not busy")
	}
	close(l.stop)
	l.done.Wait()
	l.stop = nil
	return errors.Join(l.errs[:]...)
}

// write writes blocks in turn, and waits for the disk each time.
func write(f *os.File, stop <-chan struct{}, end time.Time) error {
	block := make([]byte, blockLen)
	for off := int64(0); time.Now().Before(end); off = (off + blockLen) % fileLen {
		select {
		case <-stop:
			return nil
		default:
		}
		if _, err := f.WriteAt(block, off); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}
