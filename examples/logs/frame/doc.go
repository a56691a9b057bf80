// Package frame cuts a byte stream into syslog messages as RFC 6587 frames
// them on TCP: lines that end in LF, or messages with their length in front.
package frame
