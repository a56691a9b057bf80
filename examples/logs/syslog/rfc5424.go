package syslog

// otherVersion reports whether b, which follows a priority, begins as RFC 5424
// does in a version other than 1: "VERSION SP" and "-" or a digit.
func otherVersion(b []byte) bool {
	n := digits(b, 4)
	return n >= 1 && n <= 3 && b[0] != '0' && len(b) >= n+2 && b[n] == ' ' && (b[n+1] == '-' || isDigit(b[n+1]))
}

// parse5424 reads "TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP
// STRUCTURED-DATA" up to the first mistake. A time that is plain but forbidden, as one
// with a leap second, does not end it.
func parse5424(h *Header, b []byte) bool {
	strict, ok := true, true
	if len(b) >= 2 && b[0] == '-' && b[1] == ' ' {
		b = b[2:]
	} else if h.Time, b, strict, ok = time5424(b); !ok {
		return false
	}
	if h.Host, b, ok = name(b, maxHost); !ok {
		return false
	}
	if h.App, b, ok = name(b, maxApp); !ok {
		return false
	}
	if h.ProcID, b, ok = name(b, maxProcID); !ok {
		return false
	}
	if _, b, ok = field(b, maxMsgID); !ok {
		return false
	}
	return structuredData(b) && strict
}

// field cuts a field of printable ASCII that ends in a space.
func field(b []byte, limit int) (f, rest []byte, ok bool) {
	i := 0
	for i < len(b) && b[i]-'!' <= '~'-'!' {
		if i++; i > limit {
			return nil, b, false
		}
	}
	if i == 0 || i == len(b) || b[i] != ' ' {
		return nil, b, false
	}
	return b[:i:i], b[i+1:], true
}

// name is field for one that may be the NILVALUE, for which f is nil.
func name(b []byte, limit int) (f, rest []byte, ok bool) {
	if len(b) >= 2 && b[0] == '-' && b[1] == ' ' {
		return nil, b[2:], true
	}
	return field(b, limit)
}

// structuredData reports whether b begins with STRUCTURED-DATA, behind which it
// ends or a space follows.
func structuredData(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	ok := true
	switch b[0] {
	case '-':
		b = b[1:]
	case '[':
		for ok && len(b) > 0 && b[0] == '[' {
			b, ok = element(b[1:])
		}
	default:
		return false
	}
	return ok && (len(b) == 0 || b[0] == ' ')
}

// element reads "SD-ID *(SP PARAM-NAME="PARAM-VALUE") ]".
func element(b []byte) (rest []byte, ok bool) {
	n := sdName(b)
	for ok = n > 0; ok && n < len(b); {
		b = b[n:]
		if b[0] == ']' {
			return b[1:], true
		}
		if b[0] != ' ' {
			return b, false
		}
		b = b[1:]
		n = sdName(b)
		if n == 0 || len(b) < n+2 || b[n] != '=' || b[n+1] != '"' {
			return b, false
		}
		b = b[n+2:]
		n, ok = value(b)
	}
	return b, false
}

// sdName is the length of the SD-NAME that b begins with; 0 if it has none.
func sdName(b []byte) int {
	for i, c := range b {
		if class[c]&inSDName == 0 {
			return i
		}
		if i == maxSDName {
			return 0
		}
	}
	return len(b)
}

const maxSDName = 32

// value is the length of a PARAM-VALUE with the quote that ends it.
func value(b []byte) (n int, ok bool) {
	for i := 0; i < len(b); i++ {
		if class[b[i]]&inValue != 0 {
			continue
		}
		switch b[i] {
		case '"':
			return i + 1, true
		case ']':
			return i, false
		case '\\':
			if i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\' || b[i+1] == ']') {
				i++
			}
		}
	}
	return len(b), false
}
