package stats

import (
	"container/list"
	"sync"
)

// MaxSources is how many sources a table has room for. The one that was silent for the
// longest makes room for a new one.
const MaxSources = 10000

// maxSourceText is how much of each of a key's strings is kept, in bytes.
const maxSourceText = 512

// SourceKey is what sources are told apart by.
type SourceKey struct {
	Peer     string `json:"peer"` // address without port; "": not known, as of unix sockets
	Listener string `json:"listener"`
	Subject  string `json:"subject"` // of the TLS client certificate; "": none
}

// A Source is what a table says about one source.
type Source struct {
	SourceKey
	Logs  uint64 `json:"logs"`
	Bytes uint64 `json:"bytes"` // of messages
	First int64  `json:"first"` // when it was seen first, and last: Unix nanoseconds
	Last  int64  `json:"last"`
}

// Sources is a table of who sends logs, of at most MaxSources. The zero value is ready.
// It may be used by several goroutines at once.
type Sources struct {
	mu      sync.Mutex
	rows    map[SourceKey]*list.Element // guarded by mu, as all below; of *Source
	order   list.List                   // the one seen last first
	evicted uint64
}

// Count adds to a source's counts what it has sent at a time, in Unix nanoseconds. Call it
// once for a chunk of logs.
func (t *Sources) Count(key SourceKey, logs, bytes uint64, at int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, known := t.rows[key]
	if !known {
		e = t.enter(key, at)
	}
	t.order.MoveToFront(e)
	s := e.Value.(*Source)
	s.Logs += logs
	s.Bytes += bytes
	s.Last = max(s.Last, at)
}

// enter makes a row.
func (t *Sources) enter(key SourceKey, at int64) *list.Element {
	key = SourceKey{kept(key.Peer), kept(key.Listener), kept(key.Subject)}
	if e, known := t.rows[key]; known {
		return e
	}
	if t.rows == nil {
		t.rows = map[SourceKey]*list.Element{}
	}
	if len(t.rows) >= MaxSources {
		last := t.order.Back()
		delete(t.rows, last.Value.(*Source).SourceKey)
		t.order.Remove(last)
		t.evicted++
	}
	e := t.order.PushFront(&Source{SourceKey: key, First: at, Last: at})
	t.rows[key] = e
	return e
}

func kept(text string) string { return text[:min(len(text), maxSourceText)] }

// SourcesSnapshot is a copy of a table.
type SourcesSnapshot struct {
	Total   int      `json:"total"`
	Evicted uint64   `json:"evicted"` // that made room for others
	Silent  int      `json:"silent"`  // of all, last seen before the time that was given
	Rows    []Source `json:"sources"` // the one seen last first
}

// Snapshot copies the first n rows, and counts those last seen before a time in Unix
// nanoseconds. Of others it copies the silent ones, n at most.
func (t *Sources) Snapshot(n int, silentBefore int64) SourcesSnapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := SourcesSnapshot{Total: len(t.rows), Evicted: t.evicted, Rows: []Source{}}
	silent := 0
	for e := t.order.Front(); e != nil; e = e.Next() {
		s := e.Value.(*Source)
		quiet := s.Last < silentBefore
		if quiet {
			c.Silent++
		}
		switch {
		case len(c.Rows) < n:
			c.Rows = append(c.Rows, *s)
		case quiet && silent < n:
			c.Rows = append(c.Rows, *s)
			silent++
		}
	}
	return c
}
