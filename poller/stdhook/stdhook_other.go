//go:build !linux

package stdhook
