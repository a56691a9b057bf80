package adopt

import (
	_ "embed"
	"fmt"
	"regexp"
)

// Go assembles in a package's directory, and those of the engine's packages in std exist
// only in the overlay. So their assembly is left out: what it defines is linked to
// functions of package syscall by files of the glue.

//go:embed glue/unix.go.txt
var unixGlue []byte

//go:embed glue/unix_amd64.go.txt
var unixGlueAMD64 []byte

// unixPackage is the one package whose assembly defines something.
const unixPackage = "golang.org/x/sys/unix"

// A definition in assembly, and what links a name elsewhere.
var (
	asmText  = regexp.MustCompile(`(?m)^TEXT ·(\w+)\(SB\)`)
	linkname = regexp.MustCompile(`(?m)^//go:linkname (\w+) `)
)

// instead returns what is laid in place of the assembly of a package.
func instead(importPath, arch string) (files []laid) {
	if importPath != unixPackage {
		return nil
	}
	dir := stdPrefix + importPath
	files = append(files, laid{name: dir + "/uringnet_calls.go", text: unixGlue})
	if arch == "amd64" {
		files = append(files, laid{name: dir + "/uringnet_calls_amd64.go", text: unixGlueAMD64})
	}
	return files
}

// checkAssembly refuses assembly that defines what the glue does not link.
func checkAssembly(path string, text []byte, glue []laid) error {
	linked := map[string]bool{}
	for _, f := range glue {
		for _, m := range linkname.FindAllSubmatch(f.text, -1) {
			linked[string(m[1])] = true
		}
	}
	for _, m := range asmText.FindAllSubmatch(text, -1) {
		if name := string(m[1]); !linked[name] {
			return fmt.Errorf("%s: %s is in assembly: want one of the functions that internal/adopt/glue links", path, name)
		}
	}
	return nil
}
