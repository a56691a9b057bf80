package sink

import (
	"io/fs"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A maker makes files.
type maker struct {
	fs   store.FS
	mode fs.FileMode
	gid  int // the group that they are given to; 0 and -1: the process's
}

// create makes a file that does not exist. If it cannot have the group there is none.
func (m maker) create(name string) (store.File, error) {
	f, err := m.fs.Create(name, m.mode)
	if err != nil {
		return nil, err
	}
	if m.gid <= 0 {
		return f, nil
	}
	if err := m.fs.Chown(name, m.gid); err != nil {
		_ = f.Close()
		_ = m.fs.Remove(name)
		return nil, err
	}
	return f, nil
}
