package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// isPattern reports whether a path stands for several.
func isPattern(path string) bool { return strings.ContainsAny(path, "*?[") }

// checkPattern refuses a pattern that is none.
func checkPattern(path string) error {
	if _, err := filepath.Match(path, ""); err != nil {
		return cli.Want("a path or a pattern of *, ? and [a-z]")
	}
	return nil
}

// isCompressed reports whether a file's name says that it is compressed.
func isCompressed(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".z", ".lzma", ".br":
		return true
	}
	return false
}

// withoutCompression is the name that a file had before it was compressed.
func withoutCompression(name string) string {
	if isCompressed(name) {
		return strings.TrimSuffix(name, filepath.Ext(name))
	}
	return name
}

// isRotated reports whether name is what a rotated file of base is called:
//
//	app.log.1, app.log-20261106, app.log.old   logrotate, and what is like it
//	app.1.log, app-20261106.log                logrotate's extension
//	app-2026-11-06T10-00-00.000.log            lumberjack
//
// Of compressed files the name before that counts.
func isRotated(base, name string) bool {
	name = withoutCompression(name)
	if rest, ok := strings.CutPrefix(name, base); ok && isSuffix(rest) {
		return true
	}
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	if stem == "" || ext == "" || name == base || len(name) < len(stem)+len(ext) ||
		!strings.HasPrefix(name, stem) || !strings.HasSuffix(name, ext) {
		return false
	}
	return isMiddle(name[len(stem) : len(name)-len(ext)])
}

// isSuffix reports whether what follows a whole name is a rotation's.
func isSuffix(rest string) bool {
	if rest == "" || !strings.ContainsRune(".-_~", rune(rest[0])) {
		return false
	}
	switch rest[1:] {
	case "", "old", "prev", "last":
		return rest != "." && rest != "-" && rest != "_"
	}
	switch filepath.Ext(rest) {
	case ".tmp", ".swp", ".lock", ".pos", ".idx":
		return false
	}
	return digits(rest) > 0
}

// isMiddle reports whether what is between stem and extension is a rotation's: a
// number behind a dot, or a date. Less would take app-2.log for one of app.log.
func isMiddle(middle string) bool {
	if len(middle) < 2 || !strings.ContainsRune(".-_", rune(middle[0])) {
		return false
	}
	for _, c := range middle {
		if !strings.ContainsRune("0123456789.-_:+TZ", c) {
			return false
		}
	}
	n := digits(middle)
	return n >= 8 || middle[0] == '.' && n == len(middle)-1
}

func digits(s string) (n int) {
	for _, c := range s {
		if '0' <= c && c <= '9' {
			n++
		}
	}
	return n
}

// shape is a name with each number in it made one sign: those that a symbolic
// link points to one after the other have the same.
func shape(name string) string {
	var b strings.Builder
	inNumber := false
	for _, c := range name {
		number := '0' <= c && c <= '9'
		if !number {
			b.WriteRune(c)
		} else if !inNumber {
			b.WriteByte(0)
		}
		inNumber = number
	}
	return b.String()
}

// places are where the files are that a path stood for or will: beside it, and
// beside what it points to if it is a symbolic link.
type places struct {
	dirs []string
	base string   // of the path
	more []string // what the links on the way point to
}

func placesOf(path string) places {
	p := places{dirs: []string{filepath.Dir(path)}, base: filepath.Base(path)}
	target, err := filepath.EvalSymlinks(path)
	if err != nil || filepath.Base(target) == p.base && filepath.Dir(target) == p.dirs[0] {
		return p
	}
	if dir := filepath.Dir(target); !slices.Contains(p.dirs, dir) {
		p.dirs = append(p.dirs, dir)
	}
	if base := filepath.Base(target); base != p.base {
		p.more = append(p.more, base)
	}
	return p
}

// rotated reports whether a name at these places is that of a rotated file.
func (p places) rotated(name string) bool {
	if isRotated(p.base, name) {
		return true
	}
	plain := withoutCompression(name)
	for _, target := range p.more {
		if isRotated(target, name) || plain != target && digits(target) > 0 && shape(plain) == shape(target) {
			return true
		}
	}
	return false
}
