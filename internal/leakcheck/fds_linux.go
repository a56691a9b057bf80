package leakcheck

import (
	"os"
	"path/filepath"
	"strconv"
)

// openFDs returns what each open descriptor of the process points to.
func openFDs() map[int]string {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	fds := map[int]string{}
	for _, e := range entries {
		link, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // the descriptor that read the directory
		}
		if fd, err := strconv.Atoi(e.Name()); err == nil {
			fds[fd] = link
		}
	}
	return fds
}
