package uringnet

// LeakedBuffers reports ring or user-space buffers that were not given back.
func LeakedBuffers(e *Engine) error {
	if r, ok := e.rings.(interface{ Leaks() error }); ok {
		return r.Leaks()
	}
	return nil
}
