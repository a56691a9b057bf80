package sink

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// A refusal is an error of a target that will never take a message.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// refuse marks an error as a refusal.
func refuse(err error) error { return &refusal{err} }

// A deadLetter is a line of the file of what a target refused.
type deadLetter struct {
	ID       string    `json:"id"`
	Sink     string    `json:"sink"`
	Why      string    `json:"why"`
	Refused  time.Time `json:"refused"`
	Received time.Time `json:"received"`
	Peer     string    `json:"peer,omitempty"`
	Severity string    `json:"severity"`
	Facility string    `json:"facility"`
	// Message is the message if it is UTF-8, else Base64 is.
	Message string `json:"message,omitempty"`
	Base64  string `json:"base64,omitempty"`
}

// deadLetters is the file of one process, made when it is needed.
type deadLetters struct {
	maker
	dir      string
	sink     string
	file     store.File
	path     string
	size     int64
	unsynced bool
}

// add appends a message. What it writes is durable after sync.
func (d *deadLetters) add(m *message, why error, now time.Time) error {
	letter := deadLetter{
		ID: m.id(), Sink: d.sink, Why: why.Error(), Refused: now.UTC(), Received: time.Unix(0, m.Received).UTC(),
		Severity: severityName(m.Severity), Facility: facilityName(m.Facility),
	}
	if m.Source != nil {
		letter.Peer = m.Source.Peer
	}
	if utf8.Valid(m.Msg) {
		letter.Message = string(m.Msg)
	} else {
		letter.Base64 = base64.StdEncoding.EncodeToString(m.Msg)
	}
	line, err := json.Marshal(letter)
	if err != nil {
		return err
	}
	if err := d.open(now); err != nil {
		return err
	}
	line = append(line, '\n')
	n, err := d.file.WriteAt(line, d.size)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		_ = d.file.Truncate(d.size) // the next one is written over what is left
		return err
	}
	d.size += int64(n)
	d.unsynced = true
	return nil
}

// open makes the file if there is none. The directory's sync makes its name last.
func (d *deadLetters) open(now time.Time) (err error) {
	if d.file != nil {
		return nil
	}
	path := filepath.Join(d.dir, fmt.Sprintf("sink-%s.dead-%s.jsonl", d.sink, now.UTC().Format("20060102T150405.000000000")))
	if d.file, err = d.create(path); err != nil {
		return err
	}
	d.path = path
	return d.fs.SyncDir(d.dir)
}

// sync makes durable what was added. After an error nothing since the sync before is
// certain, and the next message goes to another file.
func (d *deadLetters) sync() error {
	if !d.unsynced {
		return nil
	}
	d.unsynced = false
	err := d.file.Datasync()
	if err != nil {
		_ = d.file.Close()
		d.file, d.size = nil, 0
	}
	return err
}

// close closes the file, if there is one.
func (d *deadLetters) close() error {
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	d.file = nil
	return err
}
