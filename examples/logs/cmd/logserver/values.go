package main

import (
	"time"

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

// statsPeriod is the flag -stats: how often a line of statistics is printed, and
// where.
type statsPeriod struct {
	every  time.Duration // 0: never
	always bool          // also where there is no terminal
}

// statsDefault is the period of auto and always.
const statsDefault = time.Second

// String returns the words that Set takes.
func (p *statsPeriod) String() string {
	switch {
	case p.every == 0:
		return "never"
	case !p.always:
		return "auto"
	case p.every == statsDefault:
		return "always"
	}
	return cli.FormatDuration(p.every)
}

// Set reads auto, always, never or a duration, which means always.
func (p *statsPeriod) Set(s string) error {
	switch s {
	case "auto", "always":
		*p = statsPeriod{every: statsDefault, always: s == "always"}
		return nil
	case "never":
		*p = statsPeriod{}
		return nil
	}
	d, err := cli.ParseDuration(s)
	if err != nil || d < 0 {
		return cli.Want("auto, always, never or a duration, 0s or more")
	}
	*p = statsPeriod{every: d, always: true}
	return nil
}

// period returns how often a line is printed to a terminal, or to what is none;
// 0: never.
func (p statsPeriod) period(terminal bool) time.Duration {
	if terminal || p.always {
		return p.every
	}
	return 0
}
