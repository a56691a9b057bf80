package main

import (
	"log/slog"
	"time"
)

// keepEvery is how often the position is saved while it moves.
const keepEvery = time.Second

// keep saves the position while it moves. The function it returns ends that with
// the last position.
func keep(path string, s *shipper, log *slog.Logger) (stop func() error) {
	if path == "" {
		return func() error { return nil }
	}
	save := func() error {
		pos, moved := s.position()
		if !moved {
			return nil
		}
		err := pos.save(path)
		if err != nil {
			s.unsaved()
		}
		return err
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if err := save(); err != nil {
					log.Error("the position cannot be saved", "state", path, "error", err)
				}
			}
		}
	}()
	return func() error {
		close(quit)
		<-ended
		return save()
	}
}
