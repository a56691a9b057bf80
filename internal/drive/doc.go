// Package drive submits to rings and reaps them, each in one of three ways: Shared
// from Go's own threads, Dedicated from an OS thread of the ring's own, SQPoll with
// the kernel's thread. It knows the requests of nobody: whoever has pushed kicks the
// driver, and a Client is handed the completions. Park is how a goroutine waits for
// a descriptor in the runtime's netpoller.
package drive
