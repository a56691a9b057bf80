//go:build !linux

package leakcheck

// Kernel says nothing here.
func Kernel() string { return "" }
