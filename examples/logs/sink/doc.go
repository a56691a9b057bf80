// Package sink sends what a store has stored on to somewhere else: a NATS JetStream, a
// Kafka topic, or another syslog server (RELP, or RFC 5425 over TLS).
//
// # The way of a record
//
// A Sink follows the store (store.Follower), so it sees a record once it is as durable as
// its sender was told, and never stands in the way of that. It sends the records of a
// batch one after the other without waiting, as long as what is outstanding fits into a
// window. When all records of a batch, and of all before it, are acknowledged by the
// target, the place behind the batch is committed. A cursor file keeps what is committed,
// written once a second at most; retention does not remove what is not (store.Hold).
//
// What fails in a way that may pass ends the session: the connection is closed, and after
// a pause the next one goes on at what is committed. A record that the target will never
// take goes to the dead letters and counts as done. Nothing else is passed over, but what
// retention removed because the sink's own bound let go of it, which is counted and said.
//
// # Goroutines
//
//	run    has the session and reads the store
//	keep   writes the cursor, measures the lag, holds segments
//	       the target's own call message.done
//
// # Locks
//
//	ledger.mu  what of a session is outstanding
//	Sink.mu    what is committed; dead letters; innermost
package sink
