package store

import (
	"sync"
	"sync/atomic"
	"time"
)

// The syncer is the goroutine that syncs under Interval, so that writing goes
// on meanwhile. A segment that is finished is synced and closed by it.
type syncer struct {
	jobs    chan syncJob
	pending atomic.Int64 // jobs handed over and not done
	due     time.Time    // the writer's: when to sync what was written; zero: nothing
	ended   sync.WaitGroup
	err     error // of a segment's last sync
}

type syncJob struct {
	seg  *segment
	last bool // close it too
}

// startSyncer starts the goroutine if it is needed.
func (s *Store) startSyncer() {
	if s.opts.Durability != Interval {
		return
	}
	s.syncer.jobs = make(chan syncJob, 1)
	s.syncer.ended.Go(func() {
		for job := range s.syncer.jobs {
			s.doSync(job)
			s.syncer.pending.Add(-1)
			s.wakeWriter()
		}
	})
}

// stopSyncer waits until everything is synced.
func (s *Store) stopSyncer() error {
	if s.syncer.jobs != nil {
		close(s.syncer.jobs)
		s.syncer.ended.Wait()
	}
	return s.syncer.err
}

// hand gives the syncer a job. It waits if a finished segment is being synced
// and another waits for that: the disk does not keep up.
func (y *syncer) hand(job syncJob) {
	y.pending.Add(1)
	y.due = time.Time{}
	y.jobs <- job
}

// doSync runs on the syncer.
func (s *Store) doSync(job syncJob) {
	g := job.seg
	if err := s.syncSegment(g); err != nil {
		// Nobody has the batches any more; what the kernel still has it
		// may write. But do not trust this file with another one.
		g.unsynced.Store(true)
		s.complain("syncing a segment", g.path, err)
		s.syncer.err = err
	}
	if job.last {
		s.closeSegment(g)
	}
}

// syncSegment makes a segment durable with its name.
func (s *Store) syncSegment(g *segment) error {
	if err := g.file.Datasync(); err != nil {
		return err
	}
	s.countSync()
	return s.syncEntry(g)
}

// syncEntry makes a segment's directory entry durable, once.
func (s *Store) syncEntry(g *segment) error {
	if g.entered {
		return nil
	}
	err := s.opts.FS.SyncDir(s.opts.Dir)
	g.entered = err == nil
	return err
}

// wroteSome has the syncer sync in time what was just written.
func (s *Store) wroteSome() {
	if s.opts.Durability == Interval && s.syncer.due.IsZero() {
		s.syncer.due = time.Now().Add(s.opts.Interval)
	}
}

// syncIfDue has the segment synced if it is time and the last sync is done.
func (s *Store) syncIfDue(now time.Time) {
	y := &s.syncer
	if y.due.IsZero() || now.Before(y.due) || s.w.seg == nil || y.pending.Load() > 0 {
		return
	}
	y.hand(syncJob{seg: s.w.seg})
}

// untilSync returns how long until syncIfDue has something to do, if it will
// before the syncer wakes the writer.
func (s *Store) untilSync(now time.Time) (time.Duration, bool) {
	y := &s.syncer
	if y.due.IsZero() || s.w.seg == nil || y.pending.Load() > 0 {
		return 0, false
	}
	return y.due.Sub(now), true
}
