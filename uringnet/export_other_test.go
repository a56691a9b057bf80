//go:build !linux

package uringnet

// LeakedBuffers reports nothing: there are no rings.
func (e *Engine) LeakedBuffers() error { return nil }
