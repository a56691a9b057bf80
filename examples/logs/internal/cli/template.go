package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// Template writes a configuration file that sets nothing: every setting with what it
// is for, its range and its default, in comments.
func (s *Set) Template(w io.Writer) {
	s.flags.VisitAll(func(f *flag.Flag) {
		if s.only[f.Name] {
			return
		}
		_, text := flag.UnquoteUsage(f)
		if r, ok := f.Value.(*setting).value.(interface{ bounds() string }); ok {
			text += " (" + r.bounds() + ")"
		}
		fmt.Fprintf(w, "\n# %s\n#%s\n", strings.ReplaceAll(text, "\n", "\n# "), strings.TrimRight(f.Name+" = "+f.DefValue, " "))
	})
}
