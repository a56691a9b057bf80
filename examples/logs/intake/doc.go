// Package intake takes logs off connections: it frames and parses what comes,
// appends it to a store, and acknowledges what is stored to those who want to
// know (RELP).
//
// A [Session] is one connection's. It is fed by whoever has the connection: an
// event-driven engine calls [Session.Data] and [Session.End]; for a blocking
// net.Conn [Server.ServeConn] does. When the store can take no more the session
// keeps the rest of the chunk that it has, pauses its [Peer], and goes on from
// the store's notifier: nothing is lost, repeated or reordered, and nobody
// else's session waits. (A RELP session is read on for a while. If it ends before
// the store has room, what it keeps is dropped: nobody was told that it came.)
//
// # Long messages
//
// A RELP or octet-counted message over Config.MaxLine is stored up to there, marked
// store.Meta.Cut, and acknowledged as any other. The overflow of a line is stored
// in further records: all but the last are marked store.Meta.More, and all have
// what the header of the first says. The next record of the same session is the
// continuation. (If the connection ends before a RELP message is complete, its
// parts stand without an end: it was not acknowledged, and comes again whole.)
//
// # Memory
//
// A session that has no unfinished message, and is not held back by the store,
// keeps no buffer. (A blocking connection has the 2 KiB that it reads into.) What
// all sessions hold together is bounded by Config.Budget, whatever their number:
//
//   - Above it the longest unfinished messages are stored, marked More, until a
//     quarter of the budget is free. What follows of them is in records of its
//     own. Nothing is lost, and nobody waits.
//   - If that is not enough because the store is full, all peers are paused until
//     it has taken something. What was on its way by then is kept: that is at most
//     what the ring's receive buffers or the sockets' Reads hold.
//
// A connection that has begun a message and not ended it within Config.LineTimeout
// is ended by [Server.ExpireUnfinished]: what there is of a line is stored, marked
// Cut. Time in which the peer is held back does not count.
//
// # Locks
//
//	Server.settling  the budget, which concerns all sessions
//	Session.mu       input: the parser, what was kept, the end
//	store's lane
//	acks.mu          output: what awaits acknowledgement
//	connPeer.mu, Server.mu
//
// A lock is taken only while holding locks above it. Peer.Close is called with
// none held, Peer.Write, Pause and Resume with some: they must not call the
// Session.
package intake
