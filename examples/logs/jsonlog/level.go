package jsonlog

// The severities of syslog.
const (
	emerg = iota
	alert
	crit
	err
	warning
	notice
	info
	debug
)

// levels are the names of levels, in lower case, with their severities.
var levels = map[string]uint8{
	"emerg": emerg, "emergency": emerg,
	"alert": alert,
	"crit":  crit, "critical": crit, "fatal": crit, "panic": crit, "dpanic": crit,
	"err": err, "error": err, "severe": err,
	"warning": warning, "warn": warning,
	"notice": notice,
	"info":   info, "information": info, "informational": info,
	"debug": debug, "trace": debug, "verbose": debug,
}

// slogLevels are the numbers that slog has for its names.
var slogLevels = map[string]int{"debug": -4, "info": 0, "warn": 4, "error": 8}

// maxLevel is the length of the longest name, with an offset.
const maxLevel = 24

// parseLevel reads a level.
func parseLevel(value []byte) (severity uint8, ok bool) {
	if len(value) > 0 && value[0] != '"' {
		return levelNumber(value)
	}
	text, ok := unquote(value)
	if !ok || len(text) == 0 || len(text) > maxLevel {
		return 0, false
	}
	if isDigit(text[0]) {
		return levelNumber(text)
	}
	var lower [maxLevel]byte
	end := len(text)
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
		if (c == '+' || c == '-') && end == len(text) {
			end = i
		}
	}
	if end < len(text) {
		return offsetLevel(lower[:end], lower[end:len(text)])
	}
	severity, ok = levels[string(lower[:end])]
	return severity, ok
}

// offsetLevel reads what slog writes for levels between its own, as INFO+2.
func offsetLevel(name, offset []byte) (severity uint8, ok bool) {
	level, ok := slogLevels[string(name)]
	n, isNumber := small(offset[1:])
	if !ok || !isNumber {
		return 0, false
	}
	if offset[0] == '-' {
		n = -n
	}
	switch level += n; {
	case level < 0:
		return debug, true
	case level < 2:
		return info, true
	case level < 4:
		return notice, true
	case level < 8:
		return warning, true
	case level < 12:
		return err, true
	}
	return crit, true
}

// levelNumber reads a level that is a number.
func levelNumber(text []byte) (severity uint8, ok bool) {
	n, ok := small(text)
	switch {
	case !ok || n > 7 && n < 10:
		return 0, false
	case n <= 7:
		return uint8(n), true
	case n < 30:
		return debug, true
	case n < 40:
		return info, true
	case n < 50:
		return warning, true
	case n < 60:
		return err, true
	}
	return crit, true
}

// small reads a number of one or two digits.
func small(text []byte) (n int, ok bool) {
	if len(text) == 0 || len(text) > 2 {
		return 0, false
	}
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
