package intake

import (
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/frame"
	"github.com/uringnet/go-uringnet/examples/logs/relp"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// A sink is where a session's records go: a store.Lane.
type sink interface {
	BeginAt(arrived time.Time)
	Append(m store.Meta, msg []byte) (seq uint64, ok bool)
	Await(seq uint64, w store.Waiter)
	End()
	Notify(f func())
}

// An input turns a session's bytes into records. Session.mu guards it.
type input struct {
	x       *Session
	lines   *frame.Splitter // Auto
	relp    *relp.Parser    // RELP; nil: it is not read any more
	onLine  func(msg []byte) bool
	onFrame func(txnr uint32, msg []byte) bool

	refused bool // the store had no room for the last message
	ended   bool // a message has ended in this chunk

	// Of the chunk being fed:
	now  time.Time
	nano int64
	tally

	awaited   uint64     // the last batch that the session awaits
	run       run        // transactions not yet in acks
	oversized uint64     // oversized messages counted so far
	continued bool       // the next record continues the last
	first     store.Meta // what the header of the first of these said
}

func (in *input) init(x *Session) {
	in.x = x
	if x.proto == RELP {
		in.relp = relp.NewParser(x.srv.cfg.MaxLine)
		in.onFrame = in.frame
		return
	}
	in.lines = frame.NewSplitter(x.srv.cfg.MaxLine)
	in.onLine = in.line
}

// feed parses b, which arrived then (zero: now), and appends what it finds. It
// returns how much of b it used: not all if the store refused a message, or
// after an error.
func (in *input) feed(b []byte, arrived time.Time) (used int, err error) {
	in.begin(arrived)
	if in.lines != nil {
		used = in.lines.Feed(b, in.onLine)
	} else {
		used, err = in.relp.Feed(b, in.onFrame)
	}
	in.finish()
	return used, err
}

// end appends what is unfinished at the end of the stream. If the store refuses
// that, call it again.
func (in *input) end() (err error) {
	if in.lines == nil {
		if in.relp.Unfinished() { // not acknowledged: it will come again
			return frame.ErrHalfFrame
		}
		return nil
	}
	in.begin(time.Time{})
	err = in.lines.End(in.onLine)
	in.finish()
	return err
}

// cutOff appends what there is of an unfinished line, marked cut. If the store
// refuses that it comes again with the next feed.
func (in *input) cutOff() {
	in.begin(time.Time{})
	in.lines.CutOff(in.onLine)
	in.finish()
}

// spill appends what there is of an unfinished message, which the next record
// continues. If the store refuses that it comes again with the next feed.
func (in *input) spill() {
	in.begin(time.Time{})
	if in.lines != nil {
		in.lines.Spill(in.onLine)
	} else {
		in.relp.Spill(in.onFrame)
	}
	in.finish()
}

// held is the size of the buffer of an unfinished message.
func (in *input) held() int {
	switch {
	case in.lines != nil:
		return in.lines.Held()
	case in.relp != nil:
		return in.relp.Held()
	}
	return 0
}

// drop forgets an unfinished message. Nothing may be fed any more.
func (in *input) drop() { in.lines, in.relp = nil, nil }

// unfinished reports whether a message has begun and not ended.
func (in *input) unfinished() bool {
	if in.lines != nil {
		return in.lines.Unfinished()
	}
	return in.relp != nil && in.relp.Unfinished()
}

// begin takes the lane for a chunk.
func (in *input) begin(arrived time.Time) {
	in.refused, in.ended = false, false
	if in.now = arrived; arrived.IsZero() {
		in.now = in.x.srv.cfg.Now()
	}
	in.nano = in.now.UnixNano()
	in.x.lane.BeginAt(arrived)
}

// finish gives the lane back, counts the chunk, and hands over what is to be
// acknowledged.
func (in *input) finish() {
	in.x.lane.End()
	in.count()
	if in.relp == nil {
		return
	}
	in.pushRun()
	in.pushReplies()
	if in.relp.Closed {
		in.x.stop()
	}
}

// line appends a message, unless the store has no room.
func (in *input) line(msg []byte) bool {
	_, ok := in.append(msg, in.lines.Cut, in.lines.More)
	return ok
}

// append appends a message or a part of one.
func (in *input) append(msg []byte, cut, more bool) (seq uint64, ok bool) {
	if !cut && !more {
		msg = in.trim(msg)
	}
	m := in.first
	if !in.continued {
		m = in.meta(msg)
	}
	m.Cut, m.More, m.Received = cut, more, in.nano
	if seq, ok = in.x.lane.Append(m, msg); !ok {
		in.refused = true
		return 0, false
	}
	in.continued = more
	in.ended = in.ended || !more
	if more {
		in.first = m
		in.first.Host = slices.Clone(m.Host) // msg is not ours
	}
	in.received++
	in.bytes += uint64(len(msg))
	in.severity[m.Severity&7]++
	if m.Malformed {
		in.malformed++
	}
	return seq, true
}

// meta is what a message says about itself, and who sent it.
func (in *input) meta(msg []byte) store.Meta {
	h, valid := syslog.Parse(msg, in.now)
	return store.Meta{
		Facility: h.Facility, Severity: h.Severity, Malformed: !valid, Time: h.Time, Host: h.Host, Source: in.x.source,
	}
}

// trim drops what ends a message: senders of counted frames, rsyslog among them,
// keep the LF of their line, others a NUL.
func (in *input) trim(msg []byte) []byte {
	n := len(msg)
	if n > 0 && (msg[n-1] == '\n' || msg[n-1] == 0 && in.lines != nil) {
		return msg[:n-1]
	}
	return msg
}

// frame appends a message that is to be acknowledged, or a part of one.
func (in *input) frame(txnr uint32, msg []byte) bool {
	seq, ok := in.append(msg, in.relp.Cut, in.relp.More)
	if !ok {
		return false
	}
	if in.relp.More || len(in.relp.Out) == 0 && in.run.extend(seq, txnr) {
		return true
	}
	in.pushRun()
	in.pushReplies()
	in.run = run{seq: seq, first: txnr, n: 1}
	if seq != in.awaited {
		in.x.lane.Await(seq, in.x)
		in.awaited = seq
	}
	return true
}

// pushRun hands over the current run.
func (in *input) pushRun() {
	if in.run.n > 0 {
		in.x.acks.push(in.run)
		in.run = run{}
	}
}

// pushReplies hands over what the parser has to say about transactions since
// the last message.
func (in *input) pushReplies() {
	if len(in.relp.Out) > 0 {
		in.ended = true
		in.x.acks.push(run{reply: slices.Clone(in.relp.Out)})
		in.relp.Out = nil
	}
}
