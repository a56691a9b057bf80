// Logbench compares log servers under 1,000 connections of 100-byte logs:
// (a) the seed's epoll loop, which reads 4 KiB, processes and writes it to disk one
// by one, (b) a server as one would write it on net, with a batched writer, and
// cmd/logserver (c) with a goroutine for each connection and (d) by events, and (e) the
// same on std net and std files, which tells what the rings give from what the program
// does. In the workloads saturate and single also (f) and (g), as (d) and sending on to
// JetStream, whose nodes, one or three, are processes on the same CPUs. A sink takes far
// less than is stored at saturation, so that (f) and (g) take minutes there.
//
//	go run ./examples/logs/cmd/logbench            # everything, about 8 minutes
//	go run ./examples/logs/cmd/logbench -smoke     # does it work?
//	go run ./examples/logs/cmd/logbench -md -svg logbench.svg
//
// The servers are processes of their own and share the CPUs with the load. They
// take turns of half a second; each ratio is the median over pairs of neighbouring
// turns. Rounds in which other processes took much of the machine are dropped. A
// turn ends when all it sent is stored, and that time counts.
//
// Workloads:
//
//	saturate  lines in batches of 64 KiB, as fast as they are taken
//	single    60,000 logs a second, each a send of its own, by RELP
//	batched   1,000,000 logs a second in batches of 100, by RELP
//	udp       100,000 datagrams a second from 16 sockets; what is lost is not sent again
//	rate1k    1,000 logs a second on 100 connections, by RELP
//	rate10k   10,000 logs a second on 100 connections, by RELP
//	group     RELP, one log outstanding on each connection, acknowledged after fdatasync
//
// Latency is from when a log was due on a fixed schedule (in group: sent) to its
// acknowledgement.
package main
