package query

import (
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// maxParts is how many unfinished messages are remembered, and as many older ones.
const maxParts = 8192

// A heading is what the first record of a message says, for those that continue it.
type heading struct {
	host, app, procID []byte
}

// A partsKey is what records of a message have in common. A connection with an address has
// one unfinished message at a time; connections to a unix socket look the same.
type partsKey struct {
	run                     uint64
	lane                    int
	peer, listener, subject string
	facility, severity      uint8
	time                    int64
}

func keyOf(r *store.Record) partsKey {
	src := r.Source
	return partsKey{r.Run, r.Lane, src.Peer, src.Listener, src.Subject, r.Facility, r.Severity, r.Time}
}

// parts finds which records continue others. It is given the records of each lane in
// order. Within a batch a connection is known by its *store.Source: what comes behind a
// record marked More continues it. From batch to batch it is known by what its source
// says, so a record has to prove there that it continues one: it has the same marks and
// time, and no header, though it is not marked malformed. What two unfinished messages of
// the same key say is used only if it is the same. So a record does not get what another
// connection's said, unless that one's first record is unknown (out of what is read,
// damaged), both came to a unix socket, and both are of the same facility, severity and time.
type parts struct {
	open          map[*store.Source]*heading // of the batch: what the next record continues
	recent, older map[partsKey]*heading      // of all batches; nil: two that differ
}

// batch begins a batch.
func (p *parts) batch() { clear(p.open) }

// none reports whether no message is unfinished.
func (p *parts) none() bool { return len(p.open) == 0 && len(p.recent) == 0 && len(p.older) == 0 }

// add takes the next record. If it continues one that is known, e.of is what that says.
func (p *parts) add(e *Entry) {
	if e.Source == nil || p.none() && !e.More {
		return
	}
	h, known := p.open[e.Source]
	if !known && !e.Malformed {
		h, known = p.earlier(e)
	}
	e.of = h
	switch {
	case e.More:
		if !known {
			h = headingOf(e)
		}
		p.note(e, h)
	case known:
		delete(p.open, e.Source)
		key := keyOf(&e.Record)
		delete(p.recent, key)
		delete(p.older, key)
	}
}

// earlier is what a record of an earlier batch says that e continues.
func (p *parts) earlier(e *Entry) (h *heading, known bool) {
	if len(p.recent) == 0 && len(p.older) == 0 {
		return nil, false
	}
	key := keyOf(&e.Record)
	if h, known = p.recent[key]; !known {
		h, known = p.older[key]
	}
	if !known || h == nil {
		return nil, false
	}
	if _, own := syslog.Parse(e.Msg, time.Unix(0, e.Received)); own || len(e.Msg) > 0 && e.Msg[0] == '{' {
		return nil, false
	}
	return h, true
}

// note notes that the next record of e's connection continues it.
func (p *parts) note(e *Entry, h *heading) {
	if p.open == nil {
		p.open = map[*store.Source]*heading{}
	}
	p.open[e.Source] = h
	if e.Malformed {
		return
	}
	key := keyOf(&e.Record)
	other, taken := p.recent[key]
	if !taken {
		other, taken = p.older[key]
	}
	if taken && key.peer == "" && !other.same(h) {
		h = nil
	}
	if len(p.recent) >= maxParts {
		p.older, p.recent = p.recent, nil
	}
	if p.recent == nil {
		p.recent = map[partsKey]*heading{}
	}
	p.recent[key] = h
}

// headingOf copies what a record says.
func headingOf(e *Entry) *heading {
	return &heading{slices.Clone(e.Host()), slices.Clone(e.App()), slices.Clone(e.ProcID())}
}

// same reports whether two say the same. What is not known (nil) is the same as nothing.
func (h *heading) same(k *heading) bool {
	return h != nil && k != nil && slices.Equal(h.host, k.host) && slices.Equal(h.app, k.app) && slices.Equal(h.procID, k.procID)
}
