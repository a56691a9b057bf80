// Package uringnet is a drop-in replacement for net.Listener and net.Conn on
// Linux io_uring. Listen in place of net.Listen moves a server's connections
// to rings that a goroutine per core drives; Read and Write park the calling
// goroutine on completion channels. Where io_uring cannot be used, the same
// code runs on the standard library, and Status says why.
//
// # Contract
//
// Connections behave as net's do: errors are *net.OpError around
// *os.SyscallError around an errno, end of file is a bare io.EOF, deadlines
// act on calls already in flight, Write writes everything or fails, Close
// wakes everyone. The types are not net's: code that asserts *net.TCPConn has
// to assert *uringnet.TCPConn, or an interface.
//
// A connection may receive ahead of Read, into buffers of the engine's. Read
// copies out of them and gives them back; a buffer is never read after that.
// The caller's slices are used only while Read or Write runs.
//
// # Kernels
//
// Linux 5.19 brings all that the rings need to pay; 6.0 adds multishot
// receive and 6.1 what ModeDedicated is best with. What is there is found out
// by doing it, not by version; see Status.
package uringnet
