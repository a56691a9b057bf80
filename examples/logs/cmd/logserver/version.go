package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
)

// printVersion prints which version of which module this is, and of which commit, as
// far as the build has noted it.
func printVersion(out io.Writer) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	fmt.Fprintln(out, versionLine(info))
}

// versionLine is what printVersion prints.
func versionLine(info *debug.BuildInfo) string {
	text := "logserver"
	if m := info.Main; m.Path != "" {
		text += " " + m.Path
		if m.Version != "" {
			text += " " + m.Version
		}
	}
	setting := func(key string) string {
		i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == key })
		if i < 0 {
			return ""
		}
		return info.Settings[i].Value
	}
	if commit := setting("vcs.revision"); commit != "" {
		text += " commit " + commit
		if at := setting("vcs.time"); at != "" {
			text += " of " + at
		}
		if setting("vcs.modified") == "true" {
			text += ", modified"
		}
	}
	return text + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
