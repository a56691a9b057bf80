package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"time"
)

// headSize is how many bytes at its beginning tell a file from another, and
// lastSize is how many before a position do.
const (
	headSize = 256
	lastSize = 64
)

// identity says which file it is, also after it was renamed: by inode where there
// are any, and by how it begins, because an inode is used again. A device is
// called by another number after a restart: it decides for an empty file alone.
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
	Path   string `json:"path"` // under which it is or was followed
	Offset int64  `json:"offset"`
	// Last is the SHA-256 of the LastSize bytes that end Trail bytes before
	// Offset: what was shipped last. None if LastSize is 0.
	Last     string `json:"last,omitempty"`
	LastSize int    `json:"last_size,omitempty"`
	Trail    int    `json:"trail,omitempty"`
	// AsOf is when the file had been written to last when it was seen under Path
	// the last time: what has taken its place was written to after that.
	AsOf time.Time `json:"as_of,omitzero"`
	// Done says that it is read to its end and another file has taken its place.
	Done bool `json:"done,omitempty"`
}

// identify returns the identity of a file whose first bytes are head.
func identify(info fs.FileInfo, head []byte) identity {
	id := identity{HeadSize: len(head), Head: fingerprint(head)}
	id.Device, id.Inode = inode(info)
	return id
}

func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// likeness is how much a file is that of a position.
type likeness int

const (
	other likeness = iota
	alike          // it has the same content up to the position: a copy
	same
)

// judge compares a file with that of the position.
func (p *position) judge(device, inode uint64, size int64, r io.ReaderAt) (likeness, error) {
	if size < p.Offset || size < int64(p.HeadSize) {
		return other, nil
	}
	for _, c := range []struct {
		at   int64
		n    int
		want string
	}{{0, p.HeadSize, p.Head}, {p.Offset - int64(p.Trail+p.LastSize), p.LastSize, p.Last}} {
		if c.n == 0 {
			continue
		}
		b, err := readAt(r, c.at, c.n)
		if err != nil || fingerprint(b) != c.want {
			return other, err
		}
	}
	switch {
	case inode != p.Inode && p.HeadSize == 0, p.HeadSize == 0 && device != p.Device:
		return other, nil
	case inode != p.Inode:
		return alike, nil
	}
	return same, nil
}

// readAt returns n bytes of r, fewer if there are fewer.
func readAt(r io.ReaderAt, at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// valid reports whether a position read from a file can be one.
func (p *position) valid() bool {
	return p.Offset >= 0 && p.HeadSize >= 0 && p.HeadSize <= headSize && p.LastSize >= 0 && p.LastSize <= lastSize &&
		p.Trail >= 0 && p.Trail <= 2 && int64(p.LastSize+p.Trail) <= p.Offset
}
