package uringnet

// LeakedBuffers reports buffers that are held although no connection is open.
func (e *Engine) LeakedBuffers() error {
	if r, ok := e.rings.(rings); ok {
		return r.Leaks()
	}
	return nil
}
