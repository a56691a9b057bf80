// Package frame cuts a byte stream into syslog messages, as RFC 6587 frames them
// on TCP and as senders do in practice. Each frame is detected anew:
//
//   - "LEN SP <" begins a message with its length in front. LEN has up to nine
//     digits, the first not 0, and "<" is the message's first byte. A number that
//     is followed by anything else ("500 Internal Server Error", "2026-01-01") is
//     the beginning of a line, in the first frame as in all others.
//   - Anything else is a line. It ends in LF, of which one CR or NUL in front is
//     dropped, or in NUL.
//
// Between frames LF, CR LF and NUL are skipped: they end empty messages, or come
// behind a counted one.
//
// # NUL
//
// Python's SysLogHandler and syslog(3) on a stream socket end messages by NUL,
// but a NUL may be a part of a message as well. It ends a line if "<" follows, or
// the end of the stream; also if it is the last byte of what Feed is given and
// the line began with "<", so that the last message of a silent sender is not
// kept back. If that line did not begin with "<" the next byte decides. Every
// other NUL is part of its message. (The price is that a message with a NUL inside
// becomes two if the network cuts it there. Only the NUL is missing then.)
//
// # Long messages
//
// A message with its length in front is cut to the limit, and the rest of it
// skipped: Splitter.Cut says so. A line has no length: its overflow makes further
// messages of up to the limit each, and Splitter.More says of each but the last
// that the next one continues it. No byte of a line is dropped but its end.
//
// # Memory
//
// A Splitter keeps what has not come whole, in a buffer that it gives back as soon
// as there is nothing to keep. Spill takes the buffer away in the middle of a
// message.
package frame
