// Package suite holds the results of the benchmark suite, and turns them into
// tables, plots and verdicts. It measures nothing itself.
//
// Every figure of a server is compared with that of two references in the same
// round: std net, and the C program on liburing, which is the ceiling. What is
// shown is the median of those ratios, with the quartiles as its spread.
package suite
