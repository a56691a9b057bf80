package main

import (
	"maps"
	"slices"
)

// reloadable are the settings that SIGHUP changes while the server runs. The
// others need a restart.
var reloadable = map[string]bool{
	"cert": true, "key": true, "self-signed": true,
	"tls-client-ca": true, "tls-client-subject": true, "tls-min": true,
	"max-conns": true, "max-conns-per-ip": true, "rate-per-ip": true, "allow": true, "deny": true,
}

// reload reads the configuration file and the certificates again. If something
// in them is wrong, everything stays as it was.
func (s *server) reload() {
	next, err := parseConfig(s.cfg.args)
	if err != nil {
		s.log.Error("logserver: reload failed; all settings stay", "error", err)
		return
	}
	commit := func() {}
	if t := next.tlsSettings(); s.keys != nil && (t.selfSigned || t.cert != "") {
		if commit, err = s.keys.prepare(t); err != nil {
			s.log.Error("logserver: reload failed; all settings stay", "error", err)
			return
		}
	}
	commit()
	s.setLimits(next)
	s.reportReload(next)
}

// reportReload logs which settings have changed, and which will after a restart.
func (s *server) reportReload(next config) {
	var changed, restart []string
	for _, name := range slices.Sorted(maps.Keys(next.values)) {
		switch {
		case reloadable[name] && next.values[name] != s.applied[name]:
			changed = append(changed, name)
			s.applied[name] = next.values[name]
		case !reloadable[name] && next.values[name] != s.applied[name]:
			restart = append(restart, name)
		}
	}
	s.log.Info("logserver: reloaded; certificates are those of the files now", "changed", changed)
	if len(restart) > 0 {
		s.log.Warn("logserver: settings that differ need a restart", "settings", restart)
	}
}
