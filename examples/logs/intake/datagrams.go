package intake

import (
	"net/netip"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/datagram"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// maxSenders is how many senders of datagrams are known at a time.
const maxSenders = 4096

// Datagrams takes the messages of one socket, each of which is a datagram. It is used
// by one goroutine.
type Datagrams struct {
	srv      *Server
	lane     sink
	listener string
	senders  map[netip.AddrPort]*sender
	tally
}

// NewDatagrams returns what takes the datagrams of the socket that is configured as
// listener. Sockets are spread over the store's lanes.
func (s *Server) NewDatagrams(listener string) *Datagrams {
	return &Datagrams{
		srv: s, lane: s.cfg.Store.Lane(int(s.lanes.Add(1))), listener: listener,
		senders: map[netip.AddrPort]*sender{},
	}
}

// Take appends messages that came just now. LF and NUL at their ends are left out, and
// messages that have nothing else are dropped. It waits while the store has no room:
// there is nobody to be held back but the socket. The error is the store's, after
// Close; then n messages were taken.
func (d *Datagrams) Take(list []datagram.Message) (n int, err error) {
	now := d.srv.cfg.Now()
	bytes := 0
	for _, m := range list {
		bytes += len(m.Data)
	}
	d.srv.stats.BytesIn.Add(uint64(bytes))
	for n < len(list) {
		n += d.append(list[n:], now)
		if n == len(list) {
			break
		}
		if err := d.await(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// append appends messages until the store has no room, and returns how many.
func (d *Datagrams) append(list []datagram.Message, now time.Time) int {
	d.lane.BeginAt(now)
	defer func() {
		d.lane.End()
		d.add(d.srv.stats)
	}()
	for i := range list {
		if !d.one(&list[i], now) {
			return i
		}
	}
	return len(list)
}

// one appends a message; false: the store has no room.
func (d *Datagrams) one(dg *datagram.Message, now time.Time) bool {
	msg := dg.Data
	for len(msg) > 0 && (msg[len(msg)-1] == '\n' || msg[len(msg)-1] == 0) {
		msg = msg[:len(msg)-1]
	}
	if len(msg) == 0 {
		return true
	}
	from := d.sender(dg.From)
	m := d.srv.meta(msg, now, from.source)
	m.Received = now.UnixNano()
	if most := d.srv.cfg.MaxLine; len(msg) > most {
		msg, m.Cut = msg[:most], true
	}
	if dg.Cut {
		m.Cut = true
	}
	if _, ok := d.lane.Append(m, msg); !ok {
		return false
	}
	if m.Cut {
		d.srv.stats.Oversized.Add(1)
	}
	d.note(&m, len(msg))
	d.srv.stats.Sources.Count(from.key, 1, uint64(len(msg)), m.Received)
	return true
}

// await waits until the store has room. It returns the store's error once it never
// will have again.
func (d *Datagrams) await() error {
	d.srv.stalled()
	defer d.srv.unstalled()
	room := make(chan struct{})
	d.lane.Notify(func() { close(room) })
	<-room
	return d.srv.cfg.Store.Err()
}

// sender is who has sent from an address. Forged ones cannot fill the memory: what is
// known is forgotten when it is too much.
func (d *Datagrams) sender(from netip.AddrPort) *sender {
	if s := d.senders[from]; s != nil {
		return s
	}
	if len(d.senders) >= maxSenders {
		clear(d.senders)
	}
	src := &store.Source{Listener: d.listener}
	if from.IsValid() {
		src.Peer = from.String()
	}
	s := &sender{src, keyOf(src)}
	d.senders[from] = s
	return s
}

// sender is who sends datagrams.
type sender struct {
	source *store.Source
	key    stats.SourceKey
}
