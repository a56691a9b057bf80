package adopt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
)

// modulePath is this module's.
const modulePath = "github.com/uringnet/go-uringnet"

// moduleDir is where this module's source lies: where this file was when it was compiled.
func moduleDir() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return "", errors.New("adopt was built with -trimpath and does not know where its module is: want a build without it, or go run")
	}
	dir := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return "", fmt.Errorf("the source that adopt was built from is gone: %w", err)
	}
	return dir, nil
}

// moduleVersion is this module's version, "(devel)" for a checkout.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}
