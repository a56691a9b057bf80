package main

import (
	"bufio"
	"io"
	"text/template"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/query"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// formatHelp describes the template in the help of "cat".
const formatHelp = `
Formats: in the template of -format, {{.Message}} is the message; there are .Received,
.Time, .Severity, .Facility, .Host, .App, .ProcID, .Peer, .Listener, .Subject, .Malformed,
.Cut and .More, too. What is not known is empty. Times are RFC 3339;
{{.Received.Format "15:04:05"}} writes them otherwise. Text is escaped as -escape has it,
and a line feed follows each log.
`

// formatted is what a template sees of an entry.
type formatted struct {
	e        *query.Entry
	escaping escaping
}

// stamp is a time that is printed as RFC 3339, or as nothing if it is not known.
type stamp struct{ time.Time }

func stampOf(ns int64) stamp {
	if ns == 0 {
		return stamp{}
	}
	return stamp{time.Unix(0, ns)}
}

// String writes the time.
func (s stamp) String() string { return s.Format(time.RFC3339Nano) }

// Format writes the time as package time does.
func (s stamp) Format(layout string) string {
	if s.IsZero() {
		return ""
	}
	return s.Time.Format(layout)
}

func (f formatted) text(b []byte) string { return string(f.escaping.append(nil, b)) }

func (f formatted) source() *store.Source {
	if f.e.Source == nil {
		return new(store.Source)
	}
	return f.e.Source
}

// The fields, as formatHelp has them.

func (f formatted) Received() stamp  { return stampOf(f.e.Received) }
func (f formatted) Time() stamp      { return stampOf(f.e.OwnTime()) }
func (f formatted) Severity() string { return stats.SeverityNames[f.e.Severity&7] }
func (f formatted) Facility() string { return query.FacilityName(f.e.FacilityNumber()) }
func (f formatted) Host() string     { return f.text(f.e.Host()) }
func (f formatted) App() string      { return f.text(f.e.App()) }
func (f formatted) ProcID() string   { return f.text(f.e.ProcID()) }
func (f formatted) Peer() string     { return f.text([]byte(f.source().Peer)) }
func (f formatted) Listener() string { return f.text([]byte(f.source().Listener)) }
func (f formatted) Subject() string  { return f.text([]byte(f.source().Subject)) }
func (f formatted) Message() string  { return f.text(f.e.Text()) }
func (f formatted) Malformed() bool  { return f.e.Malformed }
func (f formatted) Cut() bool        { return f.e.Cut }
func (f formatted) More() bool       { return f.e.More }

// templatePrinter returns what prints an entry by a template, or why that cannot be.
func templatePrinter(w *bufio.Writer, text string, e escaping) (func(*query.Entry) error, error) {
	t, err := template.New("format").Parse(text)
	if err != nil {
		return nil, err
	}
	if err := t.Execute(io.Discard, formatted{new(query.Entry), e}); err != nil {
		return nil, err
	}
	return func(entry *query.Entry) error {
		if err := t.Execute(w, formatted{entry, e}); err != nil {
			return err
		}
		return w.WriteByte('\n')
	}, nil
}
