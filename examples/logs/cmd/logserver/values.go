package main

import (
	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// durability is the flag of a store.Durability.
type durability struct{ store.Durability }

// String returns the name.
func (d *durability) String() string { return d.Durability.String() }

// Set reads the name.
func (d *durability) Set(s string) error {
	v, err := store.ParseDurability(s)
	if err != nil {
		return cli.Want("none, interval or group")
	}
	d.Durability = v
	return nil
}
