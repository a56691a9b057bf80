//go:build !linux

package uringnet_test

// descriptorLimit is how many descriptors tests may count on.
func descriptorLimit() int { return 1024 }
