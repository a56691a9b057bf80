package intake

import (
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/frame"
	"github.com/uringnet/go-uringnet/examples/logs/relp"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// An input turns a session's bytes into records. Session.mu guards it.
type input struct {
	x       *Session
	lines   *frame.Splitter // Auto
	relp    *relp.Parser    // RELP
	onLine  func(msg []byte) bool
	onFrame func(txnr uint32, msg []byte) bool

	refused bool // the store had no room for the last message

	// Of the chunk being fed:
	now  time.Time
	nano int64
	tally

	awaited uint64 // the last batch that the session awaits
	run     run    // transactions not yet in acks
	cut     uint64 // oversized messages counted so far
}

// A tally counts a chunk's messages, so that the counters that all sessions
// share are changed once a chunk.
type tally struct {
	received, malformed uint64
	severity            [8]uint32
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
	if in.relp != nil {
		used, err = in.relp.Feed(b, in.onFrame)
	} else {
		used, err = in.lines.Feed(b, in.onLine)
	}
	in.finish()
	return used, err
}

// end appends what is unfinished at the end of the stream. If the store refuses
// that, call it again.
func (in *input) end() (err error) {
	if in.lines == nil {
		if in.relp.Partial() { // not acknowledged: it will come again
			return frame.ErrHalfFrame
		}
		return nil
	}
	in.begin(time.Time{})
	err = in.lines.End(in.onLine)
	in.finish()
	return err
}

// begin takes the lane for a chunk.
func (in *input) begin(arrived time.Time) {
	in.refused = false
	in.now = in.x.srv.cfg.Now()
	in.nano = in.now.UnixNano()
	in.x.lane.BeginAt(arrived)
}

// finish gives the lane back, counts the chunk, and hands over what is to be
// acknowledged.
func (in *input) finish() {
	in.x.lane.End()
	st := in.x.srv.stats
	if t := &in.tally; t.received > 0 {
		st.Received.Add(t.received)
		if in.x.paced != nil {
			in.x.paced.Received(int(t.received))
		}
		if t.malformed > 0 {
			st.Malformed.Add(t.malformed)
		}
		for i, n := range t.severity {
			if n > 0 {
				st.Severity[i].Add(uint64(n))
			}
		}
		*t = tally{}
	}
	if in.relp == nil {
		if n := in.lines.Oversized; n != in.cut {
			st.Oversized.Add(n - in.cut)
			in.cut = n
		}
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
	_, ok := in.append(msg)
	return ok
}

// append parses a message and appends it.
func (in *input) append(msg []byte) (seq uint64, ok bool) {
	// Senders of counted frames, rsyslog among them, end messages by the LF of
	// their line all the same.
	if n := len(msg); n > 0 && msg[n-1] == '\n' {
		msg = msg[:n-1]
	}
	h, valid := syslog.Parse(msg, in.now)
	m := store.Meta{Facility: h.Facility, Severity: h.Severity, Malformed: !valid, Time: h.Time, Received: in.nano}
	if seq, ok = in.x.lane.Append(m, msg); !ok {
		in.refused = true
		return 0, false
	}
	in.received++
	in.severity[h.Severity&7]++
	if !valid {
		in.malformed++
	}
	return seq, true
}

// frame appends a message that is to be acknowledged.
func (in *input) frame(txnr uint32, msg []byte) bool {
	seq, ok := in.append(msg)
	if !ok {
		return false
	}
	if len(in.relp.Out) == 0 && in.run.extend(seq, txnr) {
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
		in.x.acks.push(run{reply: slices.Clone(in.relp.Out)})
		in.relp.Out = in.relp.Out[:0]
	}
}
