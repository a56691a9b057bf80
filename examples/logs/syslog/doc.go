// Package syslog reads what a syslog message says about itself: RFC 5424 and
// the older RFC 3164.
//
// RFC 5424 is read as it is written. What it forbids counts as malformed: a version
// other than 1, a priority with leading zeros, a time with second 60 or with more
// than six digits of a fraction, names that are too long or not of printable
// ASCII, structured data that is not terminated or has a bare ']' in a value. Not
// looked at are the message's text, whether values are UTF-8, and whether an SD-ID
// comes twice. A backslash before any other character than '"', '\' and ']' is a
// backslash, as section 6.3.3 has it.
//
// RFC 3164 describes what was seen on the wire and so is read generously, much as
// rsyslog's pmrfc3164 and pmciscoios do. In Go's notation of layouts, with what may
// be missing in brackets:
//
//	"<" PRI ">" [spaces] [sequence ":"] [origin ":"] ["*" | "."] time [":"] [host] [tag ["[" pid "]"] ":"] text
//
//	Jan _2 [2006] 15:04:05[.999999999] [zone]
//	2006 Jan _2 15:04:05[.999999999] [zone]
//	2006-01-02(T| )15:04:05[.999999999][zone]
//
// The priority may have leading zeros, the month be of any case, the day be padded by
// a space, a zero or nothing, the fraction follow a comma. A zone is Z, a numeric offset
// or a name: one of the location's, or one that means the same everywhere. A time without a
// zone is one of the location of Parse's now, at the offset that is in force there
// on that date. A time without a year is the one nearest to now.
package syslog
