package query

import (
	"flag"
	"net/url"
	"slices"
)

// Flags adds a flag for each name that Set accepts. What is refused is kept: Parse of the
// FlagSet succeeds, and refused returns the first Refusal, or nil.
func (q *Query) Flags(fs *flag.FlagSet) (refused func() error) {
	var first error
	for _, s := range settings {
		set := func(v string) error {
			if err := q.Set(s.name, v); err != nil && first == nil {
				first = err
			}
			return nil
		}
		if s.flag {
			fs.BoolFunc(s.name, s.help, set)
		} else {
			fs.Func(s.name, s.help, set)
		}
	}
	return func() error { return first }
}

// Parse sets what is wanted by the parameters of an URL: the names that Set accepts, each
// once but for those that flags may repeat. Others are those that the caller understands
// itself; they are not looked at. The error is a *Refusal.
func (q *Query) Parse(rawQuery string, others ...string) error {
	if len(rawQuery) > 4*maxText {
		return &Refusal{"parameters", rawQuery[:32] + "...", "at most 16384 bytes of them"}
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return &Refusal{"parameters", rawQuery, "name=value&name=value, escaped by %"}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names) // so that the same is refused each time
	for _, name := range names {
		if slices.Contains(others, name) {
			continue
		}
		s, known := lookup(name)
		if known && !s.many && len(values[name]) > 1 {
			return &Refusal{name, values[name][1], "it once"}
		}
		for _, v := range values[name] {
			if err := q.Set(name, v); err != nil {
				return err
			}
		}
	}
	return nil
}
