// Package jsonlog reads time, level and host of a log that is a JSON object, as
// log/slog, zap, zerolog, logrus, bunyan and pino write them.
//
// The object is scanned once, from end to end, and nothing is made of it: a text
// that encoding/json does not take for one object is refused, and so is one that is
// nested more than MaxDepth deep. Only members of the object itself are looked at,
// by names that are compared byte by byte: a name that is written with escapes is
// none of them, and neither is a host with escapes or with bytes that are not
// printable ASCII. Of names in a list the first counts whose value can be read; if
// a name comes several times, its last such value.
//
// Times are strings of RFC 3339 (with a space for the T, a zone as +0100, or a comma
// before the fraction, too), or numbers since 1970: below 1e11 seconds, below 1e14
// milliseconds, below 1e17 microseconds, else nanoseconds. Years after 2261 and numbers with an exponent
// are not read.
//
// Levels are names, in any case: those of syslog, and trace, verbose, debug, info,
// information, informational, warn, error, severe, critical, dpanic, panic and fatal,
// of which the last three are crit. slog's offsets count, so that INFO+2 is notice.
// Levels may also be numbers, or strings of digits: 0 to 7 are syslog's severities,
// 10 to 99 those of bunyan and pino (30 is info, 40 warning, 50 err, 60 crit).
package jsonlog
