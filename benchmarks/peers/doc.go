// Peers holds servers written with other network libraries, to be put under
// the same load as uringnet by the benchmark suite. It is a module of its own,
// so that nobody who uses uringnet downloads the libraries it is compared with.
//
//	peers kinds                                    lists what can be served
//	peers serve -kind gnet -proto echo -buf 4096   is a server process
//
// A server process writes one line of JSON, a servers.Hello, to its standard
// output once it listens, and then answers the commands it reads from its
// standard input, one word a line:
//
//	stats     counters, as one line of JSON: received_bytes of a sink
//	sockets   how many TCP connections it has, and how many with TCP_NODELAY
//
// The end of its standard input ends it, and so does -lifetime. A kind that
// does not have a protocol ends at once with exit code 3 and a line on standard
// error that begins with "unsupported: ".
//
// Each peer is used the way its own documentation does, with as many event
// loops as GOMAXPROCS where that is for its user to say. It only runs on Linux.
package main
