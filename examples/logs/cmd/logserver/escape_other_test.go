//go:build !linux

package main

import (
	"strings"
	"testing"
)

// onTerminal does without a terminal: what is asked for by -escape is the same.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "-escape") {
		args = append([]string{args[0], "-escape", "always"}, args[1:]...)
	}
	out, _ := output(t, 0, args...)
	return out
}
