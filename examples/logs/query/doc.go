// Package query finds logs in segments: what "logserver cat" and the HTTP endpoint have
// in common.
//
// A Query is set by names and values, the same for flags and for parameters of an URL
// (Names lists them), and refuses what it does not understand in the same words. Run
// delivers what it finds as Entries, which are valid during the call.
//
// # Order
//
// Within a directory entries come by the time of their receipt; of two with the same, the
// one that was stored first comes first. Lanes are stored batch by batch, so a log may lie
// behind later ones of another lane. It is put where it belongs if there are fewer than
// Window batches between, or less than WindowBytes of what is asked for, and comes
// late otherwise. Logs of a connection keep their order, unless the clock was set
// back. What is followed comes by that order as far as it was there when it was read.
//
// # Times
//
// What is asked for and put in order is what was stored. Records of format version 1 have
// no time of receipt: that of their batch is taken, the greatest time of a message in it.
// A message without a time of its own is taken to be of the time of its receipt.
//
// # Records that continue others
//
// A message over the limit of intake is several records. Those behind the first have no
// header: they are taken to be of the host, program and process id of the first, if that
// was read before, by a run or the one that Follow goes on from. See parts.go for how they
// are known.
//
// # The last n
//
// Segments are read from the newest batch backwards until there are n logs, and Window
// batches more, in case some of them are older. Nothing of them is kept but their places.
// If host or program is asked for, and there are records that continue others of earlier
// batches, the places are found again by reading forwards from there. Then those are read
// in order.
package query
