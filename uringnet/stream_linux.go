package uringnet

import "github.com/uringnet/go-uringnet/poller"

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
