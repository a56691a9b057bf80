package syslog

import "time"

// two reads two digits, -1 if they are not.
func two(b []byte) int {
	if !isDigit(b[0]) || !isDigit(b[1]) {
		return -1
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

// clock reads "hh:mm:ss" as seconds of the day; -1 if it is not. A leap second
// counts as the second before it.
func clock(b []byte) int {
	h, m, s := two(b), two(b[3:]), two(b[6:])
	if h < 0 || m < 0 || s < 0 || h > 23 || m > 59 || s > 60 || b[2] != ':' || b[5] != ':' {
		return -1
	}
	return h*3600 + m*60 + min(s, 59)
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

// time3339 reads "2006-01-02T15:04:05[.fraction](Z|+hh:mm)", with up to nine
// digits of a fraction, as Unix nanoseconds.
func time3339(b []byte) (ns int64, ok bool) {
	const dateTime = len("2006-01-02T15:04:05")
	if len(b) < dateTime+1 || b[4] != '-' || b[7] != '-' || b[10] != 'T' {
		return 0, false
	}
	century, yy, month, day, sec := two(b), two(b[2:]), two(b[5:]), two(b[8:]), clock(b[11:])
	year := century*100 + yy
	if century < 0 || yy < 0 || month < 1 || month > 12 || sec < 0 || day < 1 || day > monthDays(year, month) {
		return 0, false
	}
	if year < 1678 || year > 2261 { // what nanoseconds in 64 bits can hold
		return 0, false
	}
	ns = (days(year, month, day)*86400 + int64(sec)) * int64(time.Second)
	frac, b, ok := fraction(b[dateTime:])
	if !ok {
		return 0, false
	}
	offset, ok := zone(b)
	return ns + frac - offset*int64(time.Second), ok
}

// fraction reads ".digits" as nanoseconds.
func fraction(b []byte) (ns int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	i := 1
	unit := int64(time.Second)
	for ; i < len(b) && isDigit(b[i]); i++ {
		if unit /= 10; unit == 0 {
			return 0, b, false
		}
		ns += int64(b[i]-'0') * unit
	}
	return ns, b[i:], i > 1
}

// zone reads "Z" or "+hh:mm" as seconds east of UTC.
func zone(b []byte) (seconds int64, ok bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != len("+hh:mm") || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	h, m := two(b[1:]), two(b[4:])
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, false
	}
	seconds = int64(h*3600 + m*60)
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// monthOf reads the English short name of a month; 0 if it is none.
func monthOf(b []byte) int {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(names); i += 3 {
		if b[0] == names[i] && b[1] == names[i+1] && b[2] == names[i+2] {
			return i/3 + 1
		}
	}
	return 0
}

// timeBSD reads "Jan _2 15:04:05" of the year and zone that now suggests.
func timeBSD(b []byte, now time.Time) (ns int64, ok bool) {
	month := monthOf(b)
	day := int(b[5]) - '0'
	if b[4] != ' ' {
		day = two(b[4:])
	}
	sec := clock(b[7:])
	if month == 0 || b[3] != ' ' || b[6] != ' ' || sec < 0 || day < 1 {
		return 0, false
	}
	year := now.Year()
	_, offset := now.Zone()
	for ; ; year-- {
		ns = ((days(year, month, day)*86400 + int64(sec)) - int64(offset)) * int64(time.Second)
		if day <= monthDays(year, month) && ns <= now.UnixNano()+int64(24*time.Hour) {
			return ns, true
		}
		if day > monthDays(2000, month) || year < now.Year()-8 { // no year has that day
			return 0, false
		}
	}
}
