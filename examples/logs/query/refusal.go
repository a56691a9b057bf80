package query

import "fmt"

// A Refusal is an error about a value that was given.
type Refusal struct {
	Name, Value string
	Want        string // what is accepted
}

// Error says it as `since "yesterday": want ...`. Flags have a "-" before that.
func (r *Refusal) Error() string { return fmt.Sprintf("%s %q: want %s", r.Name, r.Value, r.Want) }
