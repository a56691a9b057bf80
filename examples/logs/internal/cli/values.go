package cli

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// String adds a flag that takes any text. As with all flags, what p has is the
// default.
func (s *Set) String(p *string, name, usage string) { s.add((*stringValue)(p), name, usage) }

type stringValue string

func (v *stringValue) String() string { return string(*v) }

func (v *stringValue) Set(text string) error {
	*v = stringValue(text)
	return nil
}

// Bool adds a flag that is true or false, and true if it stands alone.
func (s *Set) Bool(p *bool, name, usage string) { s.add((*boolValue)(p), name, usage) }

type boolValue bool

func (v *boolValue) String() string { return strconv.FormatBool(bool(*v)) }

func (v *boolValue) Set(text string) error {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return Want("true or false")
	}
	*v = boolValue(b)
	return nil
}

// Choice adds a flag that takes one of the given words.
func (s *Set) Choice(p *string, name, usage string, of ...string) {
	s.add(&choiceValue{p, of}, name, usage)
}

type choiceValue struct {
	p  *string
	of []string
}

func (v *choiceValue) String() string { return *v.p }

func (v *choiceValue) Set(text string) error {
	if !slices.Contains(v.of, text) {
		return Want(Or(v.of...))
	}
	*v.p = text
	return nil
}

// bounds are the words, for Usage.
func (v *choiceValue) bounds() string { return Or(v.of...) }

// Or writes words as "a, b or c".
func Or(words ...string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// List adds a flag of several values, separated by commas or given one by one.
// Flags on the command line replace the whole list of the configuration file.
func (s *Set) List(p *[]string, name, usage string) { s.add(&listValue{p, nil}, name, usage) }

// ListOf is List with a function that looks at each value; its error is to be
// made by Want.
func (s *Set) ListOf(p *[]string, name string, check func(string) error, usage string) {
	s.add(&listValue{p, check}, name, usage)
}

type listValue struct {
	p     *[]string
	check func(string) error
}

func (v *listValue) String() string { return strings.Join(*v.p, ",") }

func (v *listValue) Set(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if v.check != nil {
			if err := v.check(item); err != nil {
				return err
			}
		}
		*v.p = append(*v.p, item)
	}
	return nil
}

// Int adds a flag of a number from least to most; math.MaxInt is no limit.
func (s *Set) Int(p *int, name string, least, most int, usage string) {
	s.add(&ranged[int]{p, least, most, "", strconv.Atoi, strconv.Itoa}, name, usage)
}

// Float adds a flag of a number from least to most, which may have a fraction;
// math.MaxFloat64 is no limit.
func (s *Set) Float(p *float64, name string, least, most float64, usage string) {
	parse := func(text string) (float64, error) { return strconv.ParseFloat(text, 64) }
	format := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	s.add(&ranged[float64]{p, least, most, "", parse, format}, name, usage)
}

// Size adds a flag of a number of bytes from least to most; math.MaxInt64 is no
// limit.
func (s *Set) Size(p *Size, name string, least, most Size, usage string) {
	s.add(&ranged[Size]{p, least, most, "a size, as 64MiB, 64m or 10MB: ", ParseSize, Size.String}, name, usage)
}

// Duration adds a flag of a time from least to most; math.MaxInt64 is no limit.
func (s *Set) Duration(p *time.Duration, name string, least, most time.Duration, usage string) {
	s.add(&ranged[time.Duration]{p, least, most, "a duration, as 500ms, 1h30m or 7d: ", ParseDuration, FormatDuration}, name, usage)
}

// ranged is a number with limits.
type ranged[T cmp.Ordered] struct {
	p           *T
	least, most T
	form        string // how it is written
	parse       func(string) (T, error)
	format      func(T) string
}

func (v *ranged[T]) String() string { return v.format(*v.p) }

func (v *ranged[T]) Set(text string) error {
	n, err := v.parse(text)
	if err != nil || n < v.least || n > v.most || n != n {
		return Want(v.form + v.bounds())
	}
	*v.p = n
	return nil
}

// bounds writes the range.
func (v *ranged[T]) bounds() string {
	if unlimited(v.most) {
		return v.format(v.least) + " or more"
	}
	return fmt.Sprintf("%s to %s", v.format(v.least), v.format(v.most))
}

func unlimited(most any) bool {
	switch m := most.(type) {
	case int:
		return m == math.MaxInt
	case float64:
		return m == math.MaxFloat64
	case Size:
		return m == math.MaxInt64
	case time.Duration:
		return m == math.MaxInt64
	}
	return false
}

// Mode adds a flag of the permissions of a file, in octal digits, which have all
// the bits of least. 0 means that none are given, and is written as nothing.
func (s *Set) Mode(p *fs.FileMode, name string, least fs.FileMode, usage string) {
	s.add(&modeValue{p, least}, name, usage)
}

type modeValue struct {
	p     *fs.FileMode
	least fs.FileMode
}

func (v *modeValue) String() string {
	if *v.p == 0 {
		return ""
	}
	return fmt.Sprintf("%04o", uint32(*v.p))
}

func (v *modeValue) Set(text string) error {
	if text == "" {
		*v.p = 0
		return nil
	}
	m, err := parseMode(text)
	if err != nil || m&v.least != v.least {
		return Want("permissions in octal, " + v.bounds())
	}
	*v.p = m
	return nil
}

// bounds writes the range.
func (v *modeValue) bounds() string { return fmt.Sprintf("%04o to 0777", uint32(v.least)) }
