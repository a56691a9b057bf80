package main

import (
	"strings"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// counts are what came to one listener.
type counts struct {
	conns, messages, bytes atomic.Uint64
}

// labelReplacer writes a label's value as Prometheus wants it. Values are those of the
// configuration, of which a path may have anything.
var labelReplacer = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// exposeListeners writes the counts of each listener. There are as many values of the
// label as listeners are configured.
func (s *server) exposeListeners(e *stats.Exposition) {
	type row struct {
		labels string
		*counts
	}
	var rows []row
	for _, l := range s.listeners {
		rows = append(rows, row{listenerLabel(l.name), &l.counts})
	}
	for _, p := range s.packets {
		rows = append(rows, row{listenerLabel(p.name), &p.counts})
	}
	if len(rows) == 0 {
		return
	}
	for _, m := range []struct {
		name, help string
		value      func(c *counts) uint64
	}{
		{"connections", "Connections taken, by listener.", func(c *counts) uint64 { return c.conns.Load() }},
		{"messages", "Logs received, by listener.", func(c *counts) uint64 { return c.messages.Load() }},
		{"bytes", "Bytes received, by listener; by TLS what was in it.", func(c *counts) uint64 { return c.bytes.Load() }},
	} {
		name := "logserver_listener_" + m.name + "_total"
		e.Head(name, "counter", m.help)
		for _, r := range rows {
			e.Sample(name, r.labels, float64(m.value(r.counts)))
		}
	}
}

// listenerLabel is the label of a listener.
func listenerLabel(name string) string { return `listener="` + labelReplacer.Replace(name) + `"` }
