package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// headSize is how many bytes at its beginning tell a file from another.
const headSize = 256

// identity says which file it is, also after it was renamed: by device and inode
// where there are any, and by how it begins, because an inode is used again.
type identity struct {
	Device uint64 `json:"device,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	// Head is the SHA-256 of the first HeadSize bytes, at most headSize.
	Head     string `json:"head"`
	HeadSize int    `json:"head_size"`
}

// position is up to where a file is shipped.
type position struct {
	identity
	Path   string    `json:"path"`
	Offset int64     `json:"offset"`
	Time   time.Time `json:"time"` // when it was saved
}

// identify returns the identity of a file whose first bytes are head.
func identify(info fs.FileInfo, head []byte) *identity {
	id := &identity{HeadSize: len(head)}
	id.Device, id.Inode = inode(info)
	sum := sha256.Sum256(head)
	id.Head = hex.EncodeToString(sum[:])
	return id
}

// is reports whether f is that file.
func (id *identity) is(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	device, inode := inode(info)
	if device != id.Device || inode != id.Inode {
		return false, nil
	}
	head, err := readHead(f, id.HeadSize)
	if err != nil {
		return false, err
	}
	return *identify(info, head) == *id, nil
}

// readHead returns the first bytes of a file, fewer if there are fewer.
func readHead(f *os.File, n int) ([]byte, error) {
	head := make([]byte, min(n, headSize))
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return head[:n], nil
}

// loadPosition reads a position. It is nil if there is none.
func loadPosition(path string) (*position, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	p := new(position)
	if err := json.Unmarshal(b, p); err != nil || p.Offset < 0 || p.HeadSize < 0 || p.HeadSize > headSize {
		return nil, fmt.Errorf("-state: %s does not hold a position (remove it to begin anew): %w", path, errors.Join(err, errDamaged))
	}
	return p, nil
}

var errDamaged = errors.New("damaged")

// save replaces the position kept at path: whenever the machine stops, there is
// either the old one or the new one.
func (p position) save(path string) (err error) {
	p.Time = time.Now()
	b, err := json.MarshalIndent(p, "", "  ")
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
