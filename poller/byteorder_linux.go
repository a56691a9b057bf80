package poller

import "encoding/binary"

// bigEndian is whether this machine is.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// pollOrder swaps the halves of a poll mask on big-endian machines, as
// poll32_events wants (io_poll_parse_events, io_uring/poll.c).
func pollOrder(events uint32) uint32 {
	if bigEndian {
		return events<<16 | events>>16
	}
	return events
}
