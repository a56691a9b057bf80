// Package stats counts what a log server does: logs, bytes, connections,
// queues, and how long a log takes from its receipt to the disk. A Stats is
// shared by all parts of one server and may be read at any time; Snapshot
// copies it, and Exposition writes it for Prometheus.
package stats
