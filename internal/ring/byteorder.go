package ring

import "encoding/binary"

// bigEndian is whether this machine is.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// PollMask is the poll32_events of an SQE: the events, with their halves swapped
// on big-endian machines (io_poll_parse_events, io_uring/poll.c).
func PollMask(events uint32) uint32 {
	if bigEndian {
		return events<<16 | events>>16
	}
	return events
}
