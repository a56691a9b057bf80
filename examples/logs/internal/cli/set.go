package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// configFlag is the name of the flag that names the configuration file.
const configFlag = "config"

// A Set is the flags of a program. Its methods String, Int and so on add one
// each; Parse sets them all. It is used by one goroutine.
type Set struct {
	flags   *flag.FlagSet
	config  string            // path of the configuration file
	where   map[string]string // "file:line" of what the file has set
	refusal error             // why the last value was not taken
}

// NewSet returns a Set without flags.
func NewSet(program string) *Set {
	s := &Set{flags: flag.NewFlagSet(program, flag.ContinueOnError), where: map[string]string{}}
	s.flags.SetOutput(io.Discard) // errors are returned
	s.flags.Usage = func() {}
	return s
}

// ConfigFile adds the flag -config, which names a file of settings.
func (s *Set) ConfigFile() {
	s.String(&s.config, configFlag, "configuration `file`: lines of name = value, with the names of these flags; flags win")
}

// Config returns the path of the configuration file; empty: none.
func (s *Set) Config() string { return s.config }

// Parse sets the flags from the configuration file, if args name one, and from
// args, which win. It returns flag.ErrHelp if help was asked for; every other
// error is marked by Usage. Arguments that are not flags are in Args.
func (s *Set) Parse(args []string) error {
	if err := s.parse(args); err != nil {
		return Usage(err)
	}
	if s.config == "" {
		return nil
	}
	path := s.config
	f, err := os.Open(path)
	if err != nil {
		return Usage(fmt.Errorf("-%s %q: %w", configFlag, path, err))
	}
	defer f.Close()
	s.each(func(v *setting) { v.reset() })
	if err := s.applyFile(path, f); err != nil {
		return Usage(err)
	}
	s.each(func(v *setting) { v.override() })
	return Usage(s.parse(args)) // again, over the file's values
}

// parse parses the command line alone.
func (s *Set) parse(args []string) error {
	s.refusal = nil
	err := s.flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	if s.refusal != nil {
		return s.refusal
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		return fmt.Errorf("-%s: unknown flag%s", name, s.suggestion(name, "-"))
	}
	return err
}

// Args returns the arguments that are not flags.
func (s *Set) Args() []string { return s.flags.Args() }

// NoArgs returns an error if there are arguments that are not flags.
func (s *Set) NoArgs() error {
	if s.flags.NArg() > 0 {
		return Usage(fmt.Errorf("unexpected argument %q", s.flags.Arg(0)))
	}
	return nil
}

// Refuse returns the error for a flag whose value does not go with others. It
// names where the value came from.
func (s *Set) Refuse(name, want string) error {
	r := &Refusal{Flag: name, Want: want, Where: s.where[name]}
	if f := s.flags.Lookup(name); f != nil {
		r.Value = f.Value.String()
	}
	return r
}

// Values returns the value of every flag by its name, as text.
func (s *Set) Values() map[string]string {
	values := map[string]string{}
	s.flags.VisitAll(func(f *flag.Flag) { values[f.Name] = f.Value.String() })
	return values
}

// each calls f for every flag.
func (s *Set) each(f func(*setting)) {
	s.flags.VisitAll(func(x *flag.Flag) { f(x.Value.(*setting)) })
}

// Usage writes what every flag is for, in alphabetical order, with its range and
// default.
func (s *Set) Usage(w io.Writer) {
	s.flags.VisitAll(func(f *flag.Flag) {
		name, text := flag.UnquoteUsage(f)
		if f.Value.(*setting).IsBoolFlag() {
			name = ""
		}
		fmt.Fprintf(w, "  %s\n    \t%s", strings.TrimSpace("-"+f.Name+" "+name), strings.ReplaceAll(text, "\n", "\n    \t"))
		var notes []string
		if r, ok := f.Value.(*setting).value.(interface{ bounds() string }); ok {
			notes = append(notes, r.bounds())
		}
		if f.DefValue != "" && f.DefValue != "false" {
			notes = append(notes, "default "+f.DefValue)
		}
		if len(notes) > 0 {
			fmt.Fprintf(w, " (%s)", strings.Join(notes, "; "))
		}
		fmt.Fprintln(w)
	})
}

// suggestion names the flag that somebody who wrote name may have meant.
func (s *Set) suggestion(name, dash string) (text string) {
	best := 3 // edits; more are another word
	s.flags.VisitAll(func(f *flag.Flag) {
		if d := distance(name, f.Name); d < best && (dash != "" || f.Name != configFlag) {
			best, text = d, fmt.Sprintf(" (did you mean %q?)", dash+f.Name)
		}
	})
	return text
}

// distance returns how many letters have to be put in, left out or changed to
// make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
