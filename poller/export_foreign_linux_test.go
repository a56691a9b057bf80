package poller

// Instrumented says whether a Foreign receives by package syscall alone.
const Instrumented = instrumented

// AskedReads is after how many receives the question whether there is more is spared.
const AskedReads = askedReads
