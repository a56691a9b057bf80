package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// ErrCursor is a cursor file that cannot be read.
var ErrCursor = errors.New("sink: damaged cursor file")

// cursorVersion is that of the file's form: a line of JSON, and a line with its
// CRC-32C in hexadecimal digits.
const cursorVersion = 1

// maxCursor is how long a cursor file may be.
const maxCursor = 4 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A cursor is what a sink keeps on disk.
type cursor struct {
	Version int    `json:"version"`
	Sink    string `json:"sink"`
	store.Position
	// Run is that of the last record that is committed. A segment with another one is not
	// the one that was read.
	Run uint64 `json:"run"`
	// Received is when the last record came that is committed, in Unix nanoseconds, Saved
	// when the file was written.
	Received int64     `json:"received"`
	Saved    time.Time `json:"saved"`
	// Clean says that nothing was outstanding, and nothing has been sent since.
	Clean bool `json:"clean"`
}

// cursorPath is where a sink's cursor is.
func cursorPath(dir, name string) string { return filepath.Join(dir, "sink-"+name+".cursor") }

// loadCursor reads a cursor. found is false if there is none.
func loadCursor(fsys store.FS, path, name string) (c cursor, found bool, err error) {
	text, err := readSmall(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	} else if err != nil {
		return c, false, fmt.Errorf("sink %s: reading the cursor: %w", name, err)
	}
	if err := c.parse(text); err != nil {
		return c, false, fmt.Errorf("%w: %s: %w; move it away to send all that is stored again, or with start=newest only what is new", ErrCursor, path, err)
	}
	if c.Sink != name {
		return c, false, fmt.Errorf("%w: %s is the cursor of the sink %q, not of %q", ErrCursor, path, c.Sink, name)
	}
	return c, true, nil
}

// readSmall reads a file of maxCursor bytes at most.
func readSmall(fsys store.FS, path string) (string, error) {
	f, err := fsys.Open(path, false)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, maxCursor+1))
	return string(b), err
}

// parse reads the text of a cursor file.
func (c *cursor) parse(text string) error {
	line, sum, ok := strings.Cut(text, "\n")
	switch {
	case len(text) > maxCursor || !ok:
		return errors.New("it is not two lines")
	case sum != checksum(line):
		return fmt.Errorf("its checksum is %.20q, want %q", sum, checksum(line))
	}
	if err := json.Unmarshal([]byte(line), c); err != nil {
		return err
	}
	if c.Version != cursorVersion {
		return fmt.Errorf("it is of version %d, want %d", c.Version, cursorVersion)
	}
	if c.Offset < 0 || c.Segment == math.MaxUint64 {
		return fmt.Errorf("no such place: segment %d, offset %d", c.Segment, c.Offset)
	}
	return nil
}

// checksum is the second line of a cursor file.
func checksum(line string) string {
	return fmt.Sprintf("crc32c %08x\n", crc32.Checksum([]byte(line), castagnoli))
}

// save writes a cursor so that a crash leaves the old or the new one. The directory's
// sync makes the rename last.
func (c *cursor) save(m maker, path string) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	text := append(line, "\n"+checksum(string(line))...)
	next := path + ".new"
	if err := m.fs.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := m.create(next)
	if err != nil {
		return err
	}
	n, err := f.WriteSync(text, 0)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := m.fs.Rename(next, path); err != nil {
		return err
	}
	return m.fs.SyncDir(filepath.Dir(path))
}
