//go:build !go1.27

package uringnet

// bareEOF: see unixeof_go127.go.
const bareEOF = false
