package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRotatedNames: the names that rotations give, and those of other logs.
func TestRotatedNames(t *testing.T) {
	for base, names := range map[string]struct{ yes, no []string }{
		"app.log": {
			yes: []string{
				"app.log.1", "app.log.12", "app.log-20261106", "app.log-20261106.gz", "app.log.old", "app.log~",
				"app.1.log", "app-20261106.log", "app-20261106-1730.log", "app.1.log.gz", "app_2026-11-06.log",
				"app-2026-11-06T10-00-00.000.log", "app-2026-11-06T10-00-00.000.log.gz", "app.log.2026-11-06",
			},
			no: []string{
				"app.log", "app2.log", "app-2.log", "app-web1.log", "app-20261106.txt", "app.logs", "app.log.lock", "app.log.3.tmp",
				"app.log.pos", "app.log.gz", "application.log", "app..log", "log", "app.log.", "b.log.1", "apple-20261106.log",
			},
		},
		"syslog": {yes: []string{"syslog.1", "syslog-20261106", "syslog.2.gz"}, no: []string{"syslog", "syslog2", "syslog.conf", "sys.1.log"}},
		".log":   {yes: []string{".log.1"}, no: []string{"app-20261106.log", "1.log"}},
	} {
		for _, name := range names.yes {
			if !isRotated(base, name) {
				t.Errorf("%s is not taken for a rotated %s", name, base)
			}
		}
		for _, name := range names.no {
			if isRotated(base, name) {
				t.Errorf("%s is taken for a rotated %s", name, base)
			}
		}
	}
}

// TestLinkedNames: of a symbolic link, also what it points to is rotated.
func TestLinkedNames(t *testing.T) {
	dir, there := t.TempDir(), t.TempDir()
	link := filepath.Join(dir, "current")
	if err := os.WriteFile(filepath.Join(there, "app-7.out"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(there, "app-7.out"), link); err != nil {
		t.Fatal(err)
	}
	p := placesOf(link)
	for name, want := range map[string]bool{
		"app-6.out": true, "app-12.out": true, "app-7.out.1": true, "app-6.out.gz": true, "current.1": true,
		"app-7.out": false, "web-6.out": false, "app-.out": false, "current": false,
	} {
		if p.rotated(name) != want {
			t.Errorf("%s: %v, %v wanted", name, !want, want)
		}
	}
	if len(p.dirs) != 2 {
		t.Errorf("%q", p.dirs)
	}
}
