package store

import "time"

// storeAll writes a group, however long it takes, and hands its batches on.
func (s *Store) storeAll(group []*batch) {
	for len(group) > 0 {
		n, err := s.storeSome(group)
		for _, b := range group[:n] {
			s.finished(b, nil)
		}
		group = group[n:]
		if err == nil {
			s.w.retry = 0
			continue
		}
		s.failed(err)
		if !s.pause(err) {
			s.closeErr = err
			for _, b := range group {
				s.finished(b, err)
			}
			return
		}
	}
}

// storeSome writes and, under Group, syncs the first batches of the group: as
// many as the segment takes, or one where nothing is gained by more. It returns
// how many are stored as they should be. After an error the rest of them has to
// be written to another segment.
func (s *Store) storeSome(group []*batch) (int, error) {
	seg, err := s.segmentFor(group[0])
	if err != nil {
		return 0, err
	}
	if s.opts.Durability != Group {
		block := group[0].block(s.run)
		if _, err := writeFull(seg.file.WriteAt, block, seg.size); err != nil {
			return 0, err
		}
		seg.wrote(int64(len(block)), group[:1], s.opts.now())
		s.progress.advance(seg.seq, seg.size)
		s.wroteSome()
		return 1, nil
	}
	return s.storeSynced(seg, group)
}

// storeSynced writes as many batches as the segment takes and syncs them.
func (s *Store) storeSynced(seg *segment, group []*batch) (int, error) {
	n, end := 0, seg.size
	for n < len(group) && (n == 0 || end+int64(group[n].size()) <= s.opts.SegmentSize) {
		end += int64(group[n].size())
		n++
	}
	off := seg.size
	for i, b := range group[:n] {
		write := seg.file.WriteAt
		if i == n-1 {
			write = seg.file.WriteSync
		}
		if done, err := writeFull(write, b.block(s.run), off); err != nil {
			if i == 0 || done == len(b.wire) || !isFull(err) {
				return 0, err
			}
			return s.storeFull(seg, group[:i], off, err)
		}
		off += int64(len(b.wire))
	}
	s.stats.Syncs.Add(1)
	if err := s.synced(seg, group[:n], off); err != nil {
		return 0, err
	}
	return n, nil
}

// storeFull syncs batches that were written up to off when there was no space for the
// next: they need not wait for it. full is what that write said.
func (s *Store) storeFull(seg *segment, written []*batch, off int64, full error) (int, error) {
	if err := seg.file.Datasync(); err != nil {
		return 0, err
	}
	s.stats.Syncs.Add(1)
	if err := s.synced(seg, written, off); err != nil {
		return 0, err
	}
	return len(written), full
}

// synced notes that batches up to off are on disk.
func (s *Store) synced(seg *segment, written []*batch, off int64) error {
	if err := s.syncEntry(seg); err != nil {
		return err
	}
	if !s.linked(seg) {
		return errGone
	}
	seg.wrote(off-seg.size, written, s.opts.now())
	s.progress.advance(seg.seq, seg.size)
	return nil
}

// finished counts a batch and hands it on to whoever waits for it.
func (s *Store) finished(b *batch, err error) {
	s.stats.QueueBatches.Add(-1)
	s.stats.QueueBytes.Add(-int64(b.n))
	if err == nil {
		s.stats.Stored.Add(uint64(b.records))
		s.stats.BytesStored.Add(b.bytes)
		s.stats.BytesWritten.Add(uint64(len(b.wire)))
		s.stats.Batches.Add(1)
		s.stats.Latency.Record(int64(time.Since(b.arrived)))
	}
	if len(b.waiters) == 0 {
		s.release(b)
		return
	}
	b.err = err
	s.stored <- b // has room for all batches
}
