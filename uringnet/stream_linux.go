package uringnet

import (
	"io/fs"

	"github.com/uringnet/go-uringnet/poller"
)

// rings makes a poller.Poller the backend of an Engine.
type rings struct{ *poller.Poller }

func newBackend(cfg Config) (backend, error) {
	p, err := poller.New(cfg)
	if err != nil {
		return nil, err
	}
	return rings{p}, nil
}

func (r rings) open(sysfd int, o poller.FDOptions) (stream, error) {
	fd, err := r.Poller.Open(sysfd, o)
	if err != nil {
		return nil, err
	}
	return fd, nil
}

func (r rings) openFile(name string, flag int, perm fs.FileMode) (ringFile, error) {
	f, err := r.Poller.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// runChain implements backend. The poller's chain is kept, so that Run can go on
// where it broke.
func (r rings) runChain(c *Chain) error {
	pc, _ := c.ring.(*poller.Chain)
	if pc == nil {
		pc = r.Poller.NewChain()
		c.ring = pc
	}
	for _, s := range c.steps[pc.Len():] {
		if s.conn != nil {
			pc.Add(s.Step, nil, s.conn.fd.(*poller.FD))
		} else {
			pc.Add(s.Step, s.file.ring.(*poller.File), nil)
		}
	}
	err := pc.Run()
	for _, s := range c.steps {
		s.Err = s.mapError()
	}
	if ce, ok := err.(*ChainError); ok {
		ce.Err = c.steps[ce.Index].Err
	}
	return err
}

// mapError gives a step's error the form that the step's own call would return.
func (s link) mapError() error {
	if s.Err == poller.ErrClosed && s.conn == nil {
		return fs.ErrClosed
	}
	return mapError(s.Op.String(), s.Err)
}

func (r rings) fixedBuffers() (FixedBuffers, error) {
	f, err := r.Poller.FixedBuffers()
	if err != nil {
		return nil, err
	}
	return f, nil
}
