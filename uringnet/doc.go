// Package uringnet is a drop-in replacement for net.Listener and net.Conn on
// Linux io_uring. Listen in place of net.Listen moves a server's connections
// to an engine with a poller goroutine for each core; Read and Write park the calling
// goroutine, on completion channels where many connections are ready together, each by
// itself where few are. Where io_uring cannot be used, the same code runs by readiness
// alone, on other systems on the standard library, and Status says why.
//
// # Contract
//
// Connections behave as net's do: errors are *net.OpError around
// *os.SyscallError around an errno, end of file is a bare io.EOF, deadlines
// act on calls already in flight, Write writes everything or fails, Close
// wakes everyone. The types are not net's: code that asserts *net.TCPConn has
// to assert *uringnet.TCPConn, or an interface.
//
// In ModeShared, the default, nothing is received ahead of Read and nothing accepted
// ahead of Accept. With ModeDedicated and ModeSQPoll a connection may receive ahead,
// into buffers of the engine's; Read copies out of them and gives them back. The
// caller's slices are used only while Read or Write runs.
//
// # Kernels
//
// ModeShared needs no more of io_uring than Linux 5.7 has; 5.19 to 6.1 bring what
// ModeDedicated is best with. What is there is found out by doing it, not by version;
// see Status.
package uringnet
