package syslog

import "regexp"

// grammar is STRUCTURED-DATA of RFC 5424, section 6, and what may follow.
var grammar = regexp.MustCompile(`(?s)^(-|(\[` + sdNameExpr + `( ` + sdNameExpr + `="` + sdValueExpr + `")*\])+)( .*)?$`)

const (
	sdNameExpr = `[!#-<>-\\^-~]{1,32}`
	// In a value a backslash that escapes nothing stands for itself. The regular
	// expression is of bytes: (?-u) has no equivalent, so Latin-1 stands for them.
	sdValueExpr = `([^"\\\]]|\\["\\\]]|\\[^"\\\]])*`
)

// byGrammar reports whether the expression matches, each byte taken for a character.
func byGrammar(data string) bool {
	runes := make([]rune, len(data))
	for i := range len(data) {
		runes[i] = rune(data[i])
	}
	return grammar.MatchString(string(runes))
}
