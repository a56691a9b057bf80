package main

import (
	"os/user"
	"runtime"
	"strconv"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// group is the flag of a group of users.
type group struct {
	name string // as it was given; empty: none
	gid  int
}

// String returns what was given.
func (g *group) String() string { return g.name }

// Set reads a name or a number.
func (g *group) Set(text string) error {
	if text == "" {
		*g = group{}
		return nil
	}
	if runtime.GOOS == "windows" {
		return cli.Want("no group: Windows has none for files")
	}
	number := text
	if found, err := user.LookupGroup(text); err == nil {
		number = found.Gid
	}
	gid, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return cli.Want("the name of a group, or its number")
	}
	*g = group{text, int(gid)}
	return nil
}
