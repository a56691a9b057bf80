package measure

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Spec is a server to measure.
type Spec struct {
	Name string // unique in its plan
	Kind string // of server
	Env  string // value of URINGNET
}

// ParseSpecs reads a list of servers, each named by its kind or as
// KIND:SETTINGS. A comma begins a new entry only before the name of a kind, so
// that settings may hold commas.
func ParseSpecs(list string, kinds []string) ([]Spec, error) {
	var entries []string
	for _, part := range strings.Split(list, ",") {
		kind, _, _ := strings.Cut(part, ":")
		if slices.Contains(kinds, kind) {
			entries = append(entries, part)
		} else if len(entries) > 0 && strings.Contains(entries[len(entries)-1], ":") {
			entries[len(entries)-1] += "," + part
		} else {
			return nil, fmt.Errorf("unknown server %q (one of %s, or uring:SETTINGS, events:SETTINGS)", part, strings.Join(kinds, ", "))
		}
	}
	if len(entries) == 0 {
		return nil, errors.New("no servers")
	}
	seen := map[string]int{}
	var specs []Spec
	for _, e := range entries {
		kind, env, _ := strings.Cut(e, ":")
		name := e
		if seen[e]++; seen[e] > 1 {
			name = fmt.Sprintf("%s#%d", e, seen[e])
		}
		specs = append(specs, Spec{Name: name, Kind: kind, Env: env})
	}
	return specs, nil
}
