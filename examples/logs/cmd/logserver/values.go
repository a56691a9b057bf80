package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// list is a flag of several values, separated by commas or given one by one.
type list struct {
	values  []string
	replace bool // the next Set drops what there is
}

// String returns the values as Set takes them.
func (l *list) String() string { return strings.Join(l.values, ",") }

// Set adds the values of one flag.
func (l *list) Set(s string) error {
	if l.replace {
		l.values, l.replace = nil, false
	}
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			l.values = append(l.values, v)
		}
	}
	return nil
}

// size is a number of bytes.
type size int64

// units are the suffixes of sizes. One letter is short for a binary unit.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40},
	{"B", 1}, {"", 1},
}

// String writes the size in the greatest binary unit that fits.
func (s *size) String() string {
	for i := 3; i >= 0; i-- {
		if u := size(units[i].bytes); *s >= u && *s%u == 0 {
			return strconv.FormatInt(int64(*s/u), 10) + units[i].suffix
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Set reads a number with a unit or without.
func (s *size) Set(text string) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0) || v*u.bytes >= math.MaxInt64 {
			break
		}
		*s = size(v * u.bytes)
		return nil
	}
	return errors.New("want a size like 64MiB, 64m, 10MB or 500000")
}

// choice is a flag with a few values.
type choice struct {
	value string
	of    []string
}

// String returns the value.
func (c *choice) String() string { return c.value }

// Set takes one of the values.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("want %s", strings.Join(c.of, ", "))
	}
	c.value = s
	return nil
}

// durability is the flag of a store.Durability.
type durability struct{ store.Durability }

// String returns the name.
func (d *durability) String() string { return d.Durability.String() }

// Set reads the name.
func (d *durability) Set(s string) (err error) {
	d.Durability, err = store.ParseDurability(s)
	return err
}
