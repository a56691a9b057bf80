package adopt

import (
	"fmt"
	"go/version"
	"strings"
)

// The Go versions whose source is known: from lowestGo on, below unknownGo.
const (
	lowestGo  = "go1.26"
	unknownGo = "go1.28"
)

// checkVersion refuses a Go whose source is not known. v is what go env GOVERSION says.
func checkVersion(v string) error {
	release, _, _ := strings.Cut(v, " ") // experiments follow
	release, _, _ = strings.Cut(release, "-")
	if !version.IsValid(release) || version.Compare(release, lowestGo) < 0 || version.Compare(release, unknownGo) >= 0 {
		return fmt.Errorf("go version %q: want a release from %s on, below %s", v, lowestGo, unknownGo)
	}
	return nil
}
