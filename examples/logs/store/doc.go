// Package store keeps log records in segment files: append only, in batches,
// as durable as asked for.
//
// # The way of a record
//
// A session appends it to the batch of its Lane ([Lane.Append]: a copy into
// the buffer that is written later). A batch is sealed and queued when it is full, or as
// soon as the writer is idle, so that what comes alone is written at once and what comes
// while others are written goes together; one goroutine, the writer, takes what is queued,
// compresses it if asked to (in a few workers, kept in order), writes each
// batch with one write from its buffer, syncs under [Group], and hands it to
// the notifier, the goroutine that calls [Waiter.Stored] and gives the buffer
// back. There are [Options.Batches] buffers and no more: when the disk does not
// keep up, Append returns false, and [Lane.Notify] or [Lane.Wait] say when to
// go on.
//
// # Files
//
// A segment is a header and then blocks, one block a batch, and, if it was closed in
// order, an [Index]; see format.go, record.go and index.go. It is written by one process,
// once: a restart begins a new one. Segments are in order by their numbers. [Open] cuts
// the torn tail that a crash leaves, and sets aside what may have been acknowledged and
// cannot be read (recover.go). The keeper removes old ones (keep.go). A [Follower] reads
// what is stored as it comes, a [Scanner] what is there.
//
// Everything reaches the disk through an [FS].
//
// # When writing fails
//
// A batch is acknowledged only by a write (and sync) that succeeded, all of it.
// After an error the segment is given up: it is cut back to its last
// acknowledged block and closed, and what was not acknowledged is written again
// to a new one, after a pause that doubles from 100 ms to 5 s, for as long as
// it takes. That holds for fdatasync too, since the kernel may have dropped the
// pages that it could not write and would report the next sync of the same file
// as a success. Should cutting fail as well, a batch may be in two segments:
// blocks are numbered, and a [Scanner] delivers each number once.
//
// Under [None] and [Interval] a record is acknowledged once write(2) has taken
// it, so a failing disk or a power cut may take records with it that were
// acknowledged: those since the last sync. A crash of the process alone loses
// none.
//
// # Locks
//
//	Lane.mu   a lane's batch; held between Begin and End
//	Store.mu  the queue and the free buffers; innermost
//
// No lock is held while callbacks run.
package store
