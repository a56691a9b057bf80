package intake

import (
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/examples/logs/syslog"
)

// What a JSON object is given that does not say it: user.notice, as a message
// without a priority.
const (
	jsonFacility = 1
	jsonSeverity = 5
)

// meta is what a message says about itself, and who sent it.
func (s *Server) meta(msg []byte, now time.Time, src *store.Source) store.Meta {
	if s.cfg.JSON != nil && len(msg) > 0 && msg[0] == '{' {
		if h, ok := s.cfg.JSON.Parse(msg); ok && h.Found() {
			m := store.Meta{Facility: jsonFacility, Severity: jsonSeverity, Time: h.Time, Host: h.Host, Source: src}
			if h.HasLevel {
				m.Severity = h.Severity
			}
			return m
		}
	}
	h, valid := syslog.Parse(msg, now)
	return store.Meta{
		Facility: h.Facility, Severity: h.Severity, Malformed: !valid, Time: h.Time, Host: h.Host, Source: src,
	}
}
