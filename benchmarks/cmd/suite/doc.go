// Suite measures uringnet against std net, other Go libraries and servers in C,
// in every workload, and writes one report.
//
//	go run ./benchmarks/cmd/suite                              # everything: about two hours
//	go run ./benchmarks/cmd/suite -smoke                       # does it work? about two minutes
//	go run ./benchmarks/cmd/suite -part echo -sizes 64 -layout two -servers core
//	go run ./benchmarks/cmd/suite -report a/suite.json,b/suite.json -out DIR
//
// It writes suite.json (everything that was measured, saved after each cell),
// suite.md, suite.html and suite.svg to the directory -out. With -report it measures
// nothing: it reads such files, merges them, and writes all four anew, so that a long
// run can be made in pieces.
//
// Servers are processes of their own that take turns under the same load; see
// the command compare for how, and for the two layouts. A name may be given
// settings, uring:recv=multishot, which become the environment variable URINGNET.
// -servers also takes "all", "core" (std, uring, events, c-epoll, c-uring) and
// "peers" (the other libraries). Servers of other libraries come from the module
// benchmarks/peers, those in C from benchmarks/csrc; both are built first. What
// cannot be built, does not start, does not have a protocol or fails under load is
// left out with a note in the report.
//
// The client keeps all connections of a cell open at once; where they would not
// fit in the limit of open files, the servers are divided into groups, each with
// std and c-uring in it. From 4000 connections on, slices are twice as long.
// Servers that use CPU time while they have nothing to do (rio and go-uring) are
// stopped, with SIGSTOP, while others have their turns.
//
// Parts (-part), and what an operation is:
//
//	echo    a message there and back: 64 B, 1 KiB, 16 KiB; the servers' buffers
//	        have 4 KiB
//	ingest  a message of 100 B, one way, on 1000 connections: 60k/s sends each by
//	        itself on the connections in turn, as a clock says; saturation sends 40
//	        at once, as fast as they are taken. A turn ends when the server has
//	        counted every byte
//	http    a keep-alive request: a short page, 4 KiB of JSON, and the short page
//	        over TLS
//	bulk    a MiB: up to the server and down from it, with 4 KiB and 256 KiB buffers
//	        in the server, and files by io.Copy in both directions (what a server
//	        receives goes to /dev/null); files by io.Copy and http.FileServer on
//	        connections with a send buffer of 16 KiB, which is always full, and
//	        segments as on Ethernet
//	accept  connect, an echo of 64 B, close: 16 at a time. The client resets the
//	        connections, so that no ports are used up
//	rate    echo of 64 B and the short page at a constant rate: -shares of what std
//	        serves in a closed loop in the same cell, measured first. Requests
//	        become due one by one (-burst: so many at once), on the connections in
//	        turn, and their latency counts from then. Slices are up to four times as
//	        long, for 4000 requests each
//	company echo of 64 B beside a process that computes on the server's CPU,
//	        saturated; and at 25 % beside two goroutines in the server that write
//	        and fsync a file each, in TMPDIR
//	dear    the same two workloads behind a seccomp filter that makes every system
//	        call of the server cost about 600 ns (saturated, one CPU), 400 and
//	        1000 ns (at 25 %); what they cost is measured, and printed
//	idle    10,000 connections that do nothing on one server at a time: memory of
//	        the server and of the kernel, and the latency of one that is active
//
// Where -layout is not given, echo and http are measured in both layouts, the
// busy process and 600 ns on one CPU, and the rest on two shared CPUs. The other
// libraries are left out of rate, company and dear. -only picks workloads by name.
//
// Every table names the machine it was measured on, with what a system call costs
// there and TCP's congestion control: ratios differ by machine.
package main
