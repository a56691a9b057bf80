// Package syslog reads what a syslog message says about itself: RFC 5424 and
// the older RFC 3164.
package syslog
