package uringnet

import (
	"io/fs"

	"github.com/uringnet/go-uringnet/poller"
)

// rings makes a poller.Poller the backend of an Engine.
type rings struct{ *poller.Poller }

func newBackend(cfg poller.Config) (backend, error) {
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
		ps := s.addTo(pc)
		if s.hard {
			ps.Hard()
		}
		if s.within > 0 {
			ps.Within(s.within)
		}
	}
	err := pc.Run()
	for i, s := range c.steps {
		s.N, s.Err = pc.Step(i).N, s.mapError(pc.Step(i).Err)
	}
	if ce, ok := err.(*ChainError); ok {
		ce.Err = c.steps[ce.Index].Err
	}
	return err
}

// mapError gives a step's error the form that the step's own call would return.
func (s *Step) mapError(err error) error {
	if err == poller.ErrClosed && s.conn == nil {
		return fs.ErrClosed
	}
	return mapError(stepNames[s.op], err)
}

// addTo adds the step to the poller's chain.
func (s *Step) addTo(pc *poller.Chain) *poller.Step {
	switch s.op {
	case stepWrite:
		return pc.WriteAt(s.file.ring.(*poller.File), s.buf, s.off)
	case stepRead:
		return pc.ReadAt(s.file.ring.(*poller.File), s.buf, s.off)
	case stepSync:
		return pc.Sync(s.file.ring.(*poller.File))
	case stepDatasync:
		return pc.Datasync(s.file.ring.(*poller.File))
	case stepSend:
		return pc.Send(s.conn.fd.(*poller.FD), s.buf)
	default:
		return pc.Recv(s.conn.fd.(*poller.FD), s.buf)
	}
}

func (r rings) fixedBuffers() (FixedBuffers, error) {
	f, err := r.Poller.FixedBuffers()
	if err != nil {
		return nil, err
	}
	return f, nil
}
