package adopt

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed glue/poll.go.txt
var pollGlue []byte

//go:embed glue/net.go.txt
var netGlue []byte

// A Plan is what is laid over a GOROOT.
type Plan struct {
	Stamp string // of the Go version, the edits and the engine
	Edits []Edit
	files []laid
}

// plan finds what to lay over GOROOT for builds for arch. It writes nothing.
func (g *goCommand) plan(arch string) (*Plan, error) {
	patched, err := patch(filepath.Join(g.vars.GOROOT, "src"))
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	for _, s := range patched {
		p.Edits = append(p.Edits, s.edits...)
		p.files = append(p.files, laid{name: s.name, text: s.edited()})
	}
	p.files = append(p.files,
		laid{name: "internal/poll/uringnet_linux.go", text: pollGlue},
		laid{name: "net/uringnet_linux.go", text: netGlue})
	edits := hash(p.files)
	engine, err := g.engine(arch)
	if err != nil {
		return nil, err
	}
	p.files = append(p.files, engine...)
	p.Stamp = fmt.Sprintf("%s edits=%s engine=%s uringnet=%s", g.vars.GOVERSION, edits, hash(engine), moduleVersion())
	p.files = append(p.files, laid{name: "internal/poll/uringnet_stamp.go",
		text: fmt.Appendf(nil, "package poll\n\n// UringnetStamp names this build.\nconst UringnetStamp = %s\n", strconv.Quote(p.Stamp))})
	return p, nil
}

// dirs returns the directories of the engine's packages.
func (p *Plan) dirs() (list []string) {
	for _, f := range p.files {
		if dir := path.Dir(f.name); strings.HasPrefix(f.name, stdPrefix) && !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	return list
}

// hash is a short hash of files' names and texts.
func hash(files []laid) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n", f.name, len(f.text))
		h.Write(f.text)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// write writes the overlay of tree, a mirror of goroot, into dir, together with that of the
// user if there is one, and returns the path of its description.
func (p *Plan) write(dir, tree, goroot, users string) (string, error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	if users != "" {
		theirs, err := p.readUsers(users, goroot, tree)
		if err != nil {
			return "", fmt.Errorf("-overlay %s: %w", users, err)
		}
		overlay.Replace = theirs
	}
	for _, f := range p.files {
		from := f.from
		if from == "" {
			from = filepath.Join(dir, strings.ReplaceAll(f.name, "/", "_"))
			if err := os.WriteFile(from, f.text, 0o644); err != nil {
				return "", err
			}
		}
		overlay.Replace[filepath.Join(tree, "src", f.name)] = from
	}
	text, err := json.MarshalIndent(overlay, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o644)
}

// readUsers reads the user's overlay. What it says of files of goroot is true of tree.
func (p *Plan) readUsers(path, goroot, tree string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &overlay); err != nil {
		return nil, err
	}
	theirs := map[string]string{}
	for replaced, by := range overlay.Replace {
		if rel, err := filepath.Rel(filepath.Join(goroot, "src"), replaced); err == nil && filepath.IsLocal(rel) {
			if slices.ContainsFunc(p.files, func(f laid) bool { return f.name == rel }) {
				return nil, fmt.Errorf("it replaces %s: want one that leaves the files of adopt alone", replaced)
			}
			replaced = filepath.Join(tree, "src", rel)
		}
		theirs[replaced] = by
	}
	return theirs, nil
}
