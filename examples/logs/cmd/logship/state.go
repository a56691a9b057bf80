package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state is what the file -state holds: the positions of all files, for each path
// the oldest first.
type state struct {
	Version int        `json:"version"`
	Time    time.Time  `json:"time"` // when it was saved
	Files   []position `json:"files"`
}

// stateVersion is what is written. Version 0, which had no number, is read: it is
// the position of one file.
const stateVersion = 2

// loadState reads a state. It is nil if there is none.
func loadState(path string) (*state, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("-state %s: %w", path, err)
	}
	s, err := parseState(b)
	if err != nil {
		return nil, fmt.Errorf("-state %s does not hold a position (remove it to begin anew): %w", path, err)
	}
	return s, nil
}

func parseState(b []byte) (*state, error) {
	s := new(state)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, err
	}
	switch s.Version {
	case stateVersion:
	case 0:
		var p position
		if err := json.Unmarshal(b, &p); err != nil {
			return nil, err
		}
		p.AsOf = s.Time
		s.Files = []position{p}
	default:
		return nil, fmt.Errorf("version %d: want 0 or %d", s.Version, stateVersion)
	}
	for _, p := range s.Files {
		if !p.valid() || s.Version > 0 && p.Path == "" {
			return nil, errDamaged
		}
	}
	return s, nil
}

// at returns the state with its paths made absolute; that of version 0 is of the
// one file there is, whatever that was called.
func (s *state) at(files []string) *state {
	if s == nil {
		return nil
	}
	for i := range s.Files {
		path := &s.Files[i].Path
		if s.Version == 0 && len(files) == 1 && !isPattern(files[0]) {
			*path = files[0]
		}
		if abs, err := filepath.Abs(*path); err == nil {
			*path = abs
		}
	}
	return s
}

var errDamaged = errors.New("damaged")

// saveState replaces the state kept at path: whenever the machine stops, there is
// either the old one or the new one.
func saveState(path string, files []position) (err error) {
	b, err := json.MarshalIndent(state{Version: stateVersion, Time: time.Now(), Files: files}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return syncDir(filepath.Dir(path))
}
