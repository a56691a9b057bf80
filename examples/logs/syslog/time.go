package syslog

import (
	"encoding/binary"
	"time"
)

// The years whose nanoseconds since 1970 fit in 64 bits.
const (
	minYear = 1678
	maxYear = 2261
)

// two reads two digits, -1 if they are not.
func two(b []byte) int {
	if !isDigit(b[0]) || !isDigit(b[1]) {
		return -1
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

// four reads a year of four digits, -1 if they are not, or not within range.
func four(b []byte) int {
	century, yy := two(b), two(b[2:])
	if year := century*100 + yy; century >= 0 && yy >= 0 && year >= minYear && year <= maxYear {
		return year
	}
	return -1
}

// clock reads "hh:mm:ss" as seconds of the day; -1 if it is not. A leap second
// counts as the second before it. The eight bytes are looked at as one number, the
// first byte lowest.
func clock(b []byte) (sec int, leap bool) {
	const (
		high   = 0xf0f0_fff0_f0ff_f0f0 // of digits the upper four bits, and colons
		form   = 0x3030_3a30_303a_3030
		six    = 0x0606_0006_0600_0606 // carries out of a digit above 9
		digits = 0x0f0f_000f_0f00_0f0f
	)
	x := binary.LittleEndian.Uint64(b)
	if x&high != form || (x+six)&high != form {
		return -1, false
	}
	x &= digits
	x = x*10 + x>>8 // each byte that begins a pair is the pair's number
	h, m, s := int(uint8(x)), int(uint8(x>>24)), int(uint8(x>>48))
	if h > 23 || m > 59 || s > 60 {
		return -1, false
	}
	return h*3600 + m*60 + min(s, 59), s == 60
}

// days is the number of days from 1970-01-01 to a date of the Gregorian
// calendar: years are counted from March, so that a leap day is a year's last.
func days(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	y := int64(year)
	return 365*y + y/4 - y/100 + y/400 + int64(153*(month-3)+2)/5 + int64(day) - 1 - 719468
}

// monthDays is the length of a month.
func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

const isoLen = len("2006-01-02T15:04:05")

// iso reads "2006-01-02?15:04:05". The caller looks at what is between date and time.
func (r *reading) iso(b []byte) (leap, ok bool) {
	if len(b) < isoLen || b[4] != '-' || b[7] != '-' {
		return false, false
	}
	r.year, r.month, r.day = four(b), two(b[5:]), two(b[8:])
	r.sec, leap = clock(b[11:])
	ok = r.year >= 0 && r.month >= 1 && r.month <= 12 && r.sec >= 0 && r.day >= 1 && r.day <= monthDays(r.year, r.month)
	return leap, ok
}

// time5424 reads "2006-01-02T15:04:05[.fraction](Z|+hh:mm) " as Unix
// nanoseconds. It is not strict if RFC 5424 forbids it all the same: for a
// leap second, and for more than six digits of a fraction.
func time5424(b []byte) (ns int64, rest []byte, strict, ok bool) {
	var r reading
	leap, ok := r.iso(b)
	if !ok || b[10] != 'T' {
		return 0, b, false, false
	}
	b = b[isoLen:]
	strict = !leap
	if len(b) > 0 && b[0] == '.' {
		frac, n := fraction(b[1:])
		if n == 0 {
			return 0, b, false, false
		}
		ns = frac
		strict = strict && n <= 6
		b = b[1+n:]
	}
	offset, n := int64(0), 1
	if len(b) == 0 || b[0] != 'Z' {
		if offset, n = offsetOf(b); n != len("+hh:mm") {
			return 0, b, false, false
		}
	}
	if n == len(b) || b[n] != ' ' {
		return 0, b, false, false
	}
	return ns + (r.wall(r.year)-offset)*int64(time.Second), b[n+1:], strict, true
}

// fraction reads digits as a fraction of a second, in nanoseconds. Those behind
// the ninth are dropped.
func fraction(b []byte) (ns int64, n int) {
	unit := int64(time.Second)
	for ; n < len(b) && isDigit(b[n]); n++ {
		unit /= 10
		ns += int64(b[n]-'0') * unit
	}
	return ns, n
}

// offsetOf reads "+hh:mm", "+hhmm" or "+hh" as seconds east of UTC, and returns
// its length; 0 if it is none of these.
func offsetOf(b []byte) (seconds int64, n int) {
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, 0
	}
	h, m := two(b[1:]), 0
	switch {
	case len(b) >= 6 && b[3] == ':':
		m, n = two(b[4:]), 6
	case len(b) >= 5 && isDigit(b[3]):
		m, n = two(b[3:]), 5
	default:
		n = 3
	}
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, 0
	}
	seconds = int64(h*3600 + m*60)
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, n
}

// monthOf reads the English short name of a month in any case; 0 if it is none.
func monthOf(b []byte) int {
	switch uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}
