// Package guard decides which sources may connect to a server, how many
// connections each may have and how many logs a second it may send.
//
// A source is one address by IPv4, and a network of 64 bits by IPv6: whoever has
// one address of such a network has all. Connections without an IP address, those
// of unix sockets, are nobody's source and are never limited.
//
// What a Guard keeps of sources is bounded. A source that has connections is kept;
// of those without, which are kept for their rate, the one that was not seen for
// the longest time is forgotten first, and begins anew when it comes again.
package guard
