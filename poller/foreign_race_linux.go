//go:build race || msan || asan

package poller

// instrumented is set where what the kernel writes has to be announced to a detector:
// package syscall does that.
const instrumented = true
