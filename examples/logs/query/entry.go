package query

import (
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/jsonlog"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// An Entry is a log that was found. What a record does not say of itself is parsed when
// it is asked for: host, program and process id, and of version 1 also facility and time.
// A record that continues another says what that says.
// It is valid during the call that it is given to.
type Entry struct {
	store.Record
	header syslog.Header
	parsed bool
	of     *heading // of the record that it continues; nil: of none, or not known
}

// jsonNames are where a log that is a JSON object names its host.
var jsonNames = jsonlog.Default()

// parse reads the message's header, by the clock of the record.
func (e *Entry) parse() *syslog.Header {
	if !e.parsed && e.of != nil {
		e.header.Host, e.header.App, e.header.ProcID = e.of.host, e.of.app, e.of.procID
		e.parsed = true
	}
	if !e.parsed {
		e.header, _ = syslog.Parse(e.Msg, time.Unix(0, e.ReceivedAt()))
		if len(e.Msg) > 0 && e.Msg[0] == '{' {
			h, _ := jsonNames.Parse(e.Msg)
			e.header.Host = h.Host
		}
		e.parsed = true
	}
	return &e.header
}

// Host is what the message names as its host, nil if none.
func (e *Entry) Host() []byte { return e.parse().Host }

// App is the program that the message names, nil if none.
func (e *Entry) App() []byte { return e.parse().App }

// ProcID is the process id that the message names, nil if none.
func (e *Entry) ProcID() []byte { return e.parse().ProcID }

// FacilityNumber is the facility, 0 to 23.
func (e *Entry) FacilityNumber() uint8 {
	if e.Version == 1 {
		return e.parse().Facility
	}
	return e.Facility
}

// OwnTime is the message's own time in Unix nanoseconds; 0: it gives none.
func (e *Entry) OwnTime() int64 {
	if e.Version == 1 {
		return e.parse().Time
	}
	return e.Time
}

// ReceivedAt is when it was received, or the greatest time of its batch if that is not
// known, in Unix nanoseconds.
func (e *Entry) ReceivedAt() int64 {
	if e.Version == 1 {
		return e.Last
	}
	return e.Received
}
