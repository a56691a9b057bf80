// Package seccomp blocks the io_uring system calls of a process, as container
// runtimes do. It is for tests: what it does to a process cannot be undone.
package seccomp
