package poller

// Instrumented says whether a Foreign receives by package syscall alone.
const Instrumented = instrumented
