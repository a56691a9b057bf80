// Package logservers holds the log servers that logbench compares the example
// with: the seed's epoll loop, and a server as one would write it on net.
//
// Both take the syslog and RELP that cmd/logserver takes, process each log
// as it does (the same packages frame, relp and syslog), and say where they listen
// in the same lines. A log is stored as a line.
package logservers
