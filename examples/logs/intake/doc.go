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
// # Locks
//
//	Session.mu   input: the parser, what was kept, the end
//	store's lane
//	acks.mu      output: what awaits acknowledgement
//	connPeer.mu, Server.mu
//
// A lock is taken only while holding locks above it. Peer.Close is called with
// none held, Peer.Write, Pause and Resume with some: they must not call the
// Session.
package intake
