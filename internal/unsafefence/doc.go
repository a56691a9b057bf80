// Package unsafefence holds the test that keeps the module's style: "unsafe"
// only in files named for it, files that fit a head and functions that fit a
// screen.
package unsafefence
