package jsonlog

import (
	"math"
	"time"
)

// parseTime reads a time as Unix nanoseconds, which are not 0.
func parseTime(value []byte) (ns int64, ok bool) {
	if text, isText := unquote(value); isText {
		ns, ok = stamp(text)
	} else {
		ns, ok = sinceEpoch(value)
	}
	if !ok {
		return 0, false
	}
	return ns, ns != 0
}

// scales are the units of numbers, by how large these are.
var scales = []struct{ below, nanos int64 }{
	{1e11, 1e9}, {1e14, 1e6}, {1e17, 1e3}, {math.MaxInt64, 1},
}

// sinceEpoch reads a number, which may have a fraction, in the unit that its size
// tells.
func sinceEpoch(text []byte) (ns int64, ok bool) {
	i := 0
	whole := int64(0)
	for ; i < len(text) && isDigit(text[i]); i++ {
		if whole > (math.MaxInt64-9)/10 {
			return 0, false
		}
		whole = whole*10 + int64(text[i]-'0')
	}
	if i == 0 {
		return 0, false
	}
	unit := int64(1)
	for _, s := range scales {
		if whole < s.below {
			unit = s.nanos
			break
		}
	}
	if whole > math.MaxInt64/unit-1 {
		return 0, false
	}
	ns = whole * unit
	if i == len(text) {
		return ns, true
	}
	part, n := fraction(text[i:], unit)
	return ns + part, n == len(text)-i
}

// fraction reads "." or "," and digits as a part of unit. It returns how many bytes
// that were; 0: no fraction.
func fraction(text []byte, unit int64) (part int64, n int) {
	if len(text) < 2 || text[0] != '.' && text[0] != ',' || !isDigit(text[1]) {
		return 0, 0
	}
	for n = 1; n < len(text) && isDigit(text[n]); n++ {
		unit /= 10
		part += int64(text[n]-'0') * unit
	}
	return part, n
}

// The years whose times are numbers of nanoseconds.
const (
	firstYear = 1678
	lastYear  = 2261
)

// stamp reads a time of RFC 3339.
func stamp(text []byte) (ns int64, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(text) < len(form)+1 {
		return 0, false
	}
	for i, c := range []byte(form) {
		switch got := text[i]; {
		case c == '0' && isDigit(got), c == got, c == 'T' && (got == ' ' || got == 't'):
		default:
			return 0, false
		}
	}
	two := func(i int) int { return int(text[i]-'0')*10 + int(text[i+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if year < firstYear || year > lastYear || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	date := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if date.Day() != day { // there is no such day
		return 0, false
	}
	rest := text[len(form):]
	part, n := fraction(rest, 1e9)
	east, ok := zone(rest[n:])
	return date.UnixNano() + part - int64(east)*1e9, ok
}

// zone reads Z, +01:00 or +0100, as seconds east of Greenwich.
func zone(text []byte) (east int, ok bool) {
	if len(text) == 1 {
		return 0, text[0]|0x20 == 'z'
	}
	if len(text) == 6 && text[3] == ':' {
		text = append(append(make([]byte, 0, 5), text[:3]...), text[4:]...)
	}
	if len(text) != 5 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours, ok1 := small(text[1:3])
	minutes, ok2 := small(text[3:5])
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return 0, false
	}
	east = hours*3600 + minutes*60
	if text[0] == '-' {
		east = -east
	}
	return east, true
}
