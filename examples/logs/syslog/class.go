package syslog

// Classes of bytes.
const (
	inHost   = 1 << iota
	inTag    // of RFC 3164
	inSDName // of RFC 5424
	inValue  // of RFC 5424, as itself
)

// class tells where a byte may be. Relays put "/" and "@" into names of hosts.
var class = func() (t [256]uint8) {
	set := func(s string, class uint8) {
		for i := range len(s) {
			t[s[i]] |= class
		}
	}
	set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/@", inHost|inTag)
	set("%+()#~$&*!", inTag)
	for c := range t {
		if c >= 0x80 {
			t[c] |= inHost
		}
		if c > ' ' && c <= '~' && c != '=' && c != ']' && c != '"' {
			t[c] |= inSDName
		}
		if c != '"' && c != '\\' && c != ']' {
			t[c] |= inValue
		}
	}
	return t
}()
