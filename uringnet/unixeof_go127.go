//go:build go1.27

package uringnet

// bareEOF says that net's ReadFrom, ReadFromUnix and ReadMsgUnix return a bare
// io.EOF at the end of a stream. It was inside a *net.OpError up to Go 1.26.
const bareEOF = true
