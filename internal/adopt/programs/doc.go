// Package programs holds the test of real programs that uringnet/adopt builds: servers
// of other modules at the versions of go.mod, each driven by a client of its kind. It is
// a module of its own, outside the workspace, so that none of them becomes a requirement
// of this one.
package programs
