// Package seccomp blocks the io_uring system calls of a process, as container
// runtimes do, or makes all calls dearer. It is for tests and benchmarks: what it
// does to a process cannot be undone.
package seccomp
