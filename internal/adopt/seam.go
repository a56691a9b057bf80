package adopt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A place of the seam: what is put in, and where.
type place struct {
	file string // of internal/poll
	fn   string // function or method
	sig  string // its signature
	// before is a statement, of an if what is behind the word: text comes before it. call is
	// a call: text takes its place. With neither, text is the function's first statement.
	before, call string
	text         string
}

// seam is every place, but for the field of pollDesc. The names that are called are in
// glue/poll.go.txt. Each place is one where the caller holds a reference to the FD, as
// those of std are that look at pollDesc.
var seam = []place{
	{file: runtimeFile, fn: "(*pollDesc).init", sig: "func(fd *FD) error",
		text: "if served, err := pd.uringnetInit(fd); served { return err }"},
	{file: runtimeFile, fn: "(*pollDesc).close", sig: "func()",
		text: "if pd.uringnet.desc != nil { pd.uringnetClose(); return }"},
	{file: runtimeFile, fn: "(*pollDesc).evict", sig: "func()",
		text: "if pd.uringnet.desc != nil { pd.uringnet.desc.Evict(); return }"},
	{file: runtimeFile, fn: "(*pollDesc).prepare", sig: "func(mode int, isFile bool) error",
		text: "if pd.uringnet.desc != nil { return uringnetErr(pd.uringnet.desc.Prepare(mode), isFile) }"},
	{file: runtimeFile, fn: "(*pollDesc).wait", sig: "func(mode int, isFile bool) error",
		text: "if pd.uringnet.desc != nil { return uringnetErr(pd.uringnet.desc.Wait(mode), isFile) }"},
	{file: runtimeFile, fn: "(*pollDesc).pollable", sig: "func() bool",
		text: "if pd.uringnet.desc != nil { return true }"},
	{file: runtimeFile, fn: "setDeadlineImpl", sig: "func(fd *FD, t time.Time, mode int) error", before: "fd.pd.runtimeCtx == 0",
		text: "if fd.pd.uringnet.desc != nil { fd.pd.uringnet.desc.SetDeadline(d, mode); return nil }"},
	{file: unixFile, fn: "(*FD).Read", sig: "func(p []byte) (int, error)", call: "ignoringEINTRIO(syscall.Read, fd.Sysfd, p)",
		text: "fd.pd.uringnetRead(fd.Sysfd, p)"},
	{file: unixFile, fn: "(*FD).Write", sig: "func(p []byte) (int, error)", call: "ignoringEINTRIO(syscall.Write, fd.Sysfd, p[nn:max])",
		text: "fd.pd.uringnetWrite(fd.Sysfd, p[nn:max])"},
	{file: unixFile, fn: "(*FD).Dup", sig: "func() (int, string, error)", before: "return DupCloseOnExec(fd.Sysfd)", text: expose},
	{file: unixFile, fn: "(*FD).RawRead", sig: "func(f func(uintptr) bool) error", before: "err := fd.pd.prepareRead(fd.isFile); err != nil", text: expose},
	{file: unixFile, fn: "(*FD).RawWrite", sig: "func(f func(uintptr) bool) error", before: "err := fd.pd.prepareWrite(fd.isFile); err != nil", text: expose},
	{file: posixFile, fn: "(*FD).RawControl", sig: "func(f func(uintptr)) error", before: "f(uintptr(fd.Sysfd))", text: expose},
}

const (
	runtimeFile = "internal/poll/fd_poll_runtime.go"
	unixFile    = "internal/poll/fd_unix.go"
	posixFile   = "internal/poll/fd_posix.go"
	errorFile   = "internal/poll/fd.go"
	expose      = "fd.pd.uringnetExpose()"
	field       = "uringnet uringnetState"
)

// contextUsers are all functions that look at pollDesc's one field, runtimeCtx, on
// Linux. Each is a place of the seam, but for waitCanceled, which nobody calls there.
var contextUsers = []string{
	"(*pollDesc).init", "(*pollDesc).close", "(*pollDesc).evict", "(*pollDesc).prepare",
	"(*pollDesc).wait", "(*pollDesc).waitCanceled", "(*pollDesc).pollable", "setDeadlineImpl",
}

// patch finds all places below src, GOROOT/src, and returns the files with their edits.
func patch(src string) ([]*source, error) {
	files := map[string]*source{}
	for _, name := range []string{runtimeFile, unixFile, posixFile, errorFile} {
		text, err := os.ReadFile(filepath.Join(src, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("GOROOT %s has no src/%s: want a Go with its source", filepath.Dir(src), name)
		} else if err != nil {
			return nil, err
		}
		if files[name], err = parse(name, text); err != nil {
			return nil, err
		}
	}
	if err := checkPoll(src, files); err != nil {
		return nil, err
	}
	st, err := files[runtimeFile].structure("pollDesc", "runtimeCtx uintptr")
	if err != nil {
		return nil, err
	}
	files[runtimeFile].put("type pollDesc", st.Fields.Opening+1, " "+field+";")
	for _, p := range seam {
		if err := p.apply(files[p.file]); err != nil {
			return nil, err
		}
	}
	return []*source{files[runtimeFile], files[unixFile], files[posixFile]}, nil
}

// apply finds the place and notes the edit.
func (p place) apply(s *source) error {
	f, err := s.function(p.fn, p.sig)
	if err != nil {
		return err
	}
	switch {
	case p.call != "":
		n, err := s.find(p.fn, f.Body, p.call, aCall)
		if err != nil {
			return err
		}
		s.replace(p.fn, n, p.text)
	case p.before != "":
		n, err := s.find(p.fn, f.Body, p.before, aStatement)
		if err != nil {
			return err
		}
		s.put(p.fn, n.Pos(), p.text+"; ")
	default:
		s.put(p.fn, f.Body.Lbrace+1, " "+p.text+";")
	}
	return nil
}

// checkPoll checks what the glue relies upon, and that nobody was here before.
func checkPoll(src string, files map[string]*source) error {
	if _, err := files[errorFile].structure("errNetClosing"); err != nil {
		return err
	}
	for _, f := range []struct{ file, name, sig string }{
		{unixFile, "ignoringEINTRIO", "func(fn func(fd int, p []byte) (int, error), fd int, p []byte) (int, error)"},
		{runtimeFile, "convertErr", "func(res int, isFile bool) error"},
	} {
		if _, err := files[f.file].function(f.name, f.sig); err != nil {
			return err
		}
	}
	users := files[runtimeFile].users("runtimeCtx")
	for _, u := range users {
		if !slices.Contains(contextUsers, u) {
			return files[runtimeFile].missing(u, "no use of pollDesc.runtimeCtx")
		}
	}
	for _, dir := range []string{"internal/poll", "net"} {
		list, err := os.ReadDir(filepath.Join(src, dir))
		if err != nil {
			return err
		}
		for _, e := range list {
			if strings.Contains(e.Name(), "uringnet") {
				return fmt.Errorf("GOROOT was edited by somebody else: src/%s/%s is there: want Go's own source", dir, e.Name())
			}
		}
	}
	return checkOthers(src)
}

// checkOthers checks that no other file of internal/poll uses what the seam replaces.
func checkOthers(src string) error {
	names, err := filepath.Glob(filepath.Join(src, "internal/poll/*.go"))
	if err != nil {
		return err
	}
	for _, path := range names {
		name := "internal/poll/" + filepath.Base(path)
		if name == runtimeFile || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_windows.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s, err := parse(name, text)
		if err != nil {
			return err
		}
		if users := s.users("runtimeCtx"); len(users) > 0 {
			return s.missing(users[0], "no use of pollDesc.runtimeCtx")
		}
	}
	return nil
}
