package syslog

import "time"

// reading is what a clock showed, as it was written.
type reading struct {
	year, month, day int   // year 0: not given
	sec              int   // of the day
	ns               int64 // of the second
}

// stamp reads one of the times that the package doc lists and the colon that may
// follow it. What is left begins with a space, or is empty.
func stamp(b []byte, now *time.Time) (ns int64, rest []byte, colon, ok bool) {
	if len(b) > 0 && (b[0] == '*' || b[0] == '.') { // the clock is not set, or not synchronised
		b = b[1:]
	}
	var r reading
	if len(b) > 4 && b[4] == '-' {
		b, ok = r.isoDate(b)
	} else {
		b, ok = r.bsdDate(b)
	}
	if !ok {
		return 0, b, false, false
	}
	var offset int64
	zoned := false
	if len(b) > 1 && b[1] < 'a' || len(b) == 1 { // else a space and a common host
		offset, b, zoned = zone(b, now)
		if len(b) > 1 && b[0] == ' ' && b[1] == ':' && (len(b) == 2 || b[2] == ' ') { // IOS XR
			b = b[1:]
		}
		if colon = len(b) > 0 && b[0] == ':'; colon {
			b = b[1:]
		}
	}
	if len(b) > 0 && b[0] != ' ' {
		return 0, b, false, false
	}
	sec, ok := r.unix(now, offset, zoned)
	return sec*int64(time.Second) + r.ns, b, colon, ok
}

// plain reads what nearly all send, as Unix nanoseconds: "Jan _2 15:04:05 " or the time
// of RFC 5424. It is not ok if stamp has to look at it: for a day that is far from
// now, too, and for what could be a zone.
func plain(b []byte, now *time.Time) (ns int64, rest []byte, ok bool) {
	const bsdLen = len("Jan _2 15:04:05 ")
	if len(b) <= bsdLen {
		return 0, b, false
	}
	if isDigit(b[0]) {
		ns, rest, _, ok = time5424(b)
		rest = trimSpaces(rest)
		return ns, rest, ok && len(rest) > 0
	}
	rest = b[bsdLen:]
	if c := rest[0]; b[3] != ' ' || b[6] != ' ' || b[15] != ' ' || c-'A' < 26 || c <= '-' {
		return 0, b, false
	}
	month, day := monthOf(b), int(b[5])-'0'
	if b[4] != ' ' {
		day = two(b[4:])
	}
	sec, _ := clock(b[7:])
	c := calendarOf(now)
	if month == 0 || sec < 0 || day < 1 || day > monthDays(c.year, month) || c.year <= minYear || c.year >= maxYear {
		return 0, b, false
	}
	near := now.Unix()
	t := c.instant(c.months[month]+int64(day-1)*86400+int64(sec), near)
	return t * int64(time.Second), rest, distance(t, near) <= surelyNearest
}

// isoDate reads "2006-01-02(T| )15:04:05" and a fraction.
func (r *reading) isoDate(b []byte) (rest []byte, ok bool) {
	if _, ok = r.iso(b); !ok || b[10] != 'T' && b[10] != ' ' {
		return b, false
	}
	return r.looseFraction(b[isoLen:]), true
}

// bsdDate reads "[2006 ]Jan _2[ 2006] 15:04:05" and a fraction.
func (r *reading) bsdDate(b []byte) (rest []byte, ok bool) {
	const yearLen, clockLen = len("2006 "), len("15:04:05")
	if len(b) > yearLen && isDigit(b[0]) {
		if r.year = four(b); r.year < 0 || b[4] != ' ' {
			return b, false
		}
		b = b[yearLen:]
	}
	if len(b) < len("Jan 2 15:04:05") || b[3] != ' ' {
		return b, false
	}
	r.month = monthOf(b)
	i := 4
	if b[i] == ' ' {
		i++
	}
	for n := digits(b[i:], 2); n > 0; n-- {
		r.day = r.day*10 + int(b[i]-'0')
		i++
	}
	if r.month == 0 || r.day == 0 || b[i] != ' ' {
		return b, false
	}
	b = b[i+1:]
	if r.year == 0 && len(b) > yearLen && b[4] == ' ' {
		if r.year = four(b); r.year < 0 {
			return b, false
		}
		b = b[yearLen:]
	}
	if len(b) < clockLen {
		return b, false
	}
	if r.sec, _ = clock(b); r.sec < 0 || r.year != 0 && r.day > monthDays(r.year, r.month) {
		return b, false
	}
	return r.looseFraction(b[clockLen:]), true
}

// looseFraction reads a fraction behind a point or a comma, if there is one.
func (r *reading) looseFraction(b []byte) (rest []byte) {
	if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
		ns, n := fraction(b[1:])
		if n > 0 {
			r.ns = ns
			return b[1+n:]
		}
	}
	return b
}

// unix returns the Unix seconds of the reading: at that offset if zoned, else at
// the location's. It is not ok if no year brings it near to now.
func (r *reading) unix(now *time.Time, offset int64, zoned bool) (sec int64, ok bool) {
	near := now.Unix()
	if zoned {
		if r.year != 0 {
			return r.wall(r.year) - offset, true
		}
		return r.nearest(now.UTC().Year(), near, func(wall int64) int64 { return wall - offset })
	}
	c := calendarOf(now)
	if r.year != 0 {
		return c.instant(r.wall(r.year), near), true
	}
	return r.nearest(c.year, near, func(wall int64) int64 { return c.instant(wall, near) })
}

// wall is the reading in that year as seconds of Unix time, as if it were UTC.
func (r *reading) wall(year int) int64 {
	return days(year, r.month, r.day)*86400 + int64(r.sec)
}

// Distances, in seconds.
const (
	surelyNearest = 181 * 86400 // in another year it would be farther away
	oneYear       = 366 * 86400
)

// nearest returns the Unix seconds of the reading in that year, the one before or
// the one after, whichever brings it nearest to near. It is not ok if that is more
// than a year away, as of February 29. The function makes Unix seconds of a wall.
func (r *reading) nearest(year int, near int64, instant func(int64) int64) (t int64, ok bool) {
	if year <= minYear || year >= maxYear {
		return 0, false
	}
	for y := year - 1; y <= year+1; y++ {
		if r.day > monthDays(y, r.month) {
			continue
		}
		if other := instant(r.wall(y)); !ok || distance(other, near) < distance(t, near) {
			t, ok = other, true
		}
	}
	return t, ok && distance(t, near) <= oneYear
}
