package sink

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// A message is a record on its way.
type message struct {
	store.Record     // its Msg is the message's own copy
	index        int // of the record in its batch

	entry    *entry
	session  *attempt
	finished atomic.Bool
}

// id identifies a record for ever: run, lane, batch, and its place there.
func (m *message) id() string {
	b := make([]byte, 0, 48)
	run := strconv.FormatUint(m.Run, 16)
	b = append(b, "0000000000000000"[len(run):]...)
	b = append(b, run...)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(m.Lane), 10)
	b = append(b, '-')
	b = strconv.AppendUint(b, m.Batch, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(m.index), 10)
	return string(b)
}

// done says that the target has taken a message (nil), that it never will (a
// *refusal), or that it has not (any other error), which ends the session. Only the first
// call counts. It may be called from any goroutine.
func (m *message) done(err error) {
	if m.finished.Swap(true) {
		return
	}
	m.session.finish(m, err)
}

// header is what the message says about itself, as far as it can be trusted.
func (m *message) header() syslog.Header {
	if m.Malformed {
		return syslog.Header{}
	}
	h, _ := syslog.Parse(m.Msg, time.Unix(0, m.Received))
	return h
}

// appOf is the name of the application that sent a message; nil: it is not known.
func appOf(h syslog.Header) []byte { return h.App }

// facilityNames are syslog's names of the facilities 0 to 23.
var facilityNames = [24]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

func facilityName(f uint8) string {
	if int(f) < len(facilityNames) {
		return facilityNames[f]
	}
	return strconv.Itoa(int(f))
}

func severityName(s uint8) string { return stats.SeverityNames[s&7] }

// The headers of messages in NATS and Kafka.
const (
	headerID        = "Log-Id" // Kafka's; NATS has Nats-Msg-Id
	headerReceived  = "Log-Received"
	headerPeer      = "Log-Peer"
	headerSeverity  = "Log-Severity"
	headerMalformed = "Log-Malformed"
	headerCut       = "Log-Cut"
	headerMore      = "Log-More"
)

// headers calls put for each header of the message but its id.
func (m *message) headers(put func(name, value string)) {
	if m.Received != 0 {
		put(headerReceived, time.Unix(0, m.Received).UTC().Format(time.RFC3339Nano))
	}
	if m.Source != nil && m.Source.Peer != "" {
		put(headerPeer, printable(m.Source.Peer))
	}
	put(headerSeverity, severityName(m.Severity))
	if m.Malformed {
		put(headerMalformed, "1")
	}
	if m.Cut {
		put(headerCut, "1")
	}
	if m.More {
		put(headerMore, "1")
	}
}

// printable replaces what is not printable ASCII.
func printable(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] < ' ' || b[i] > '~' {
					b[i] = '_'
				}
			}
			return string(b)
		}
	}
	return s
}
