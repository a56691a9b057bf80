// Compare puts servers on std net and on uringnet under the same load, in
// turns, and prints how they compare.
//
//	go run ./benchmarks/cmd/compare [flags]
//
// Each server is a process of its own. All servers of a cell (a protocol, a
// layout, a number of connections) are started and connected first; then they
// take turns of a quarter of a second, and each turn is compared with the
// first server's turn beside it. The figures of a noisy machine drift; the
// ratios of neighbouring turns do not, and the table has their median and
// quartiles.
//
// Layouts: "one" has the server alone on one CPU, with GOMAXPROCS=1, and the
// load on another; "two" has the server on two CPUs and the load on the same
// two. In layout one the load polls (-spin): on a virtual machine, waking a
// sleeping CPU costs several times what an echo does, and that cost is noise.
//
// Rounds in which other processes took more than a tenth of a CPU are left
// out, and made up for by as many more. "syscalls/req" comes from a slice of
// its own after the timed ones; "kernel" is the kernel's share of the server's
// CPU time; "switches/req" is how often a thread of the server was put on a
// CPU; "slowest-fastest" are the shares of those connections, as multiples of
// the mean.
//
// Servers are named std, uring, or uring:SETTINGS, where SETTINGS becomes the
// value of the environment variable URINGNET for that server:
//
//	go run ./benchmarks/cmd/compare -servers=std,uring,uring:recv=multishot -conns=100
//
// With -adopt the servers are programs of others, built by go and by uringnet/adopt
// (docs/adopt.md), at constant rates too; their requests are pages of HTTP, or as -proto
// says. benchmarks/README.md has the commands for several:
//
//	GOWORK=off go run ./benchmarks/cmd/compare -adopt=./internal/adopt/programs/hello -rate=5000,20000,0 -layout=two -conns=100
//
// A name may be given twice, to see how far two equal servers seem to differ.
package main
