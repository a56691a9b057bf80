package cli

import (
	"errors"
	"flag"
)

// wanted is the error of a value that is not taken: what would be.
type wanted string

// Error returns what is wanted.
func (w wanted) Error() string { return string(w) }

// Want returns the error of a flag.Value that does not take what it was given;
// the text says what it takes.
func Want(text string) error { return wanted(text) }

// setting is the flag.Value of every flag of a Set: it remembers why a value was
// refused, which package flag gives out as text only.
type setting struct {
	value    flag.Value
	set      *Set
	name     string
	def      string
	replaces bool // the next Set of a list drops what there is
}

// add puts a flag into the Set.
func (s *Set) add(v flag.Value, name, usage string) {
	x := &setting{value: v, set: s, name: name}
	x.def = v.String()
	x.override()
	s.flags.Var(x, name, usage)
}

// Var adds a flag of any kind. The error of v.Set is to be made by Want, and
// v.Set has to take what v.String returns.
func (s *Set) Var(v flag.Value, name, usage string) { s.add(v, name, usage) }

// String returns the value.
func (x *setting) String() string {
	if x.value == nil {
		return ""
	}
	return x.value.String()
}

// Set sets the value.
func (x *setting) Set(text string) error {
	if x.replaces {
		x.clear()
	}
	err := x.value.Set(text)
	if err == nil {
		delete(x.set.where, x.name)
		return nil
	}
	var want wanted
	if !errors.As(err, &want) {
		want = wanted(err.Error())
	}
	x.set.refusal = &Refusal{Flag: x.name, Value: text, Want: string(want)}
	return x.set.refusal
}

// IsBoolFlag reports whether the flag may stand without a value.
func (x *setting) IsBoolFlag() bool {
	_, ok := x.value.(*boolValue)
	return ok
}

// isList reports whether the flag may be given several times.
func (x *setting) isList() bool {
	_, ok := x.value.(*listValue)
	return ok
}

// clear makes a list empty.
func (x *setting) clear() {
	x.replaces = false
	if l, ok := x.value.(*listValue); ok {
		*l.p = nil
	}
}

// reset gives the flag its default again.
func (x *setting) reset() {
	x.clear()
	_ = x.value.Set(x.def) // it has been the value before
	x.override()
}

// override has the next Set replace a list: the default, or what the configuration
// file has set.
func (x *setting) override() { x.replaces = x.isList() }
