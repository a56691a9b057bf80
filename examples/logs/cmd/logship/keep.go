package main

import (
	"log/slog"
	"time"
)

// keepEvery is how often the positions are saved while they move.
const keepEvery = time.Second

// keep saves the positions while they move. The function it returns ends that
// with the last positions.
func keep(path string, t *tracks, log *slog.Logger) (stop func() error) {
	if path == "" {
		return func() error { return nil }
	}
	save := func() error {
		files, moved := t.snapshot()
		if !moved {
			return nil
		}
		err := saveState(path, files)
		if err != nil {
			t.unsaved()
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
					log.Error("the positions cannot be saved", "state", path, "error", err)
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
