//go:build !linux

package uringnet

func isBlocking(int) bool { return true } // there are no rings, and no Files but net's
