package uringnet

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// EnvVar names the environment variable with which an operator configures the
// engines of a process. Its value is "off", which runs them on the standard
// library whatever the program says; "on", which changes nothing; or settings
// separated by commas:
//
//	mode=shared|dedicated|sqpoll
//		the drive mode (Config.Mode)
//	transfer=auto|direct|batch|ring
//		how bytes are moved in mode shared (Config.Transfer)
//	recv=auto|single|multishot
//		how the other modes receive (Config.Receive)
//	rings=N
//		the number of rings (Config.Rings)
//	batch-wait=DURATION
//		how long mode dedicated holds back completions (Config.BatchWait)
//	zero-copy-send=BYTES
//		the length from which a Write is not copied (Config.ZeroCopySend)
//	fallback=auto|never|always
//		what happens where io_uring cannot be used (Config.Fallback)
//	disable=feature+feature+...
//		features to do without, named as in Status (Config.Disable)
//
// A setting fills what the program has left at its zero value. Where the program
// has chosen, its choice stays; "force," before the settings overrides it:
// URINGNET=force,mode=dedicated. A value that cannot be read, or that makes no
// sense together with what the program has chosen, is reported in Status and on
// the log, and changes nothing.
const EnvVar = "URINGNET"

// envForce is the first element of a value that overrides the program.
const envForce = "force"

// An envSetting is something that the environment variable can set.
type envSetting struct {
	name   string
	values string // the values, or what they are made of, separated by |
	doc    string
	// apply reads a value into its field, if that is zero or force is set.
	apply func(c *Config, value string, force bool) error
}

// envSettings are all there are. The comment of EnvVar says the same.
var envSettings = []envSetting{
	setting("mode", "shared|dedicated|sqpoll", "the drive mode (Config.Mode)",
		func(c *Config) *DriveMode { return &c.Mode }, poller.ParseMode),
	setting("transfer", "auto|direct|batch|ring", "how bytes are moved in mode shared (Config.Transfer)",
		func(c *Config) *Transfer { return &c.Transfer }, poller.ParseTransfer),
	setting("recv", "auto|single|multishot", "how the other modes receive (Config.Receive)",
		func(c *Config) *ReceiveMode { return &c.Receive }, poller.ParseReceive),
	setting("rings", "N", "the number of rings (Config.Rings)",
		func(c *Config) *int { return &c.Rings }, strconv.Atoi),
	setting("batch-wait", "DURATION", "how long mode dedicated holds back completions (Config.BatchWait)",
		func(c *Config) *time.Duration { return &c.BatchWait }, time.ParseDuration),
	setting("zero-copy-send", "BYTES", "the length from which a Write is not copied (Config.ZeroCopySend)",
		func(c *Config) *int { return &c.ZeroCopySend }, strconv.Atoi),
	setting("fallback", "auto|never|always", "what happens where io_uring cannot be used (Config.Fallback)",
		func(c *Config) *FallbackPolicy { return &c.Fallback }, poller.ParseFallback),
	setting("disable", "feature+feature+...", "features to do without, named as in Status (Config.Disable)",
		func(c *Config) *Feature { return &c.Disable }, parseFeatures),
}

// setting makes the row of a field of Config.
func setting[T comparable](name, values, doc string, field func(*Config) *T, parse func(string) (T, error)) envSetting {
	return envSetting{name, values, doc, func(c *Config, value string, force bool) error {
		v, err := parse(value)
		if err != nil {
			return err
		}
		var zero T
		if f := field(c); force || *f == zero {
			*f = v
		}
		return nil
	}}
}

// applyEnv changes c as the value of the environment variable says, or not at
// all if it has an error.
func applyEnv(c *Config, value string) error {
	next := *c
	switch value = strings.TrimSpace(value); value {
	case "", "on":
		return nil
	case "off":
		c.Fallback = FallbackAlways
		return nil
	}
	if err := applySettings(&next, value); err != nil {
		return fmt.Errorf("%s: %w", EnvVar, err)
	}
	if err := check(next); err != nil && check(*c) == nil {
		return fmt.Errorf("%s, with what the program has chosen: %w", EnvVar, err)
	}
	*c = next
	return nil
}

// check reports what is wrong with c.
func check(c Config) error {
	return c.Normalize(runtime.GOMAXPROCS(0))
}

// applySettings reads a list of settings.
func applySettings(c *Config, value string) error {
	list := strings.Split(value, ",")
	force := strings.TrimSpace(list[0]) == envForce
	if force {
		list = list[1:]
	}
	if len(list) == 0 {
		return errors.New(envForce + " is followed by no setting")
	}
	seen := map[string]bool{}
	for _, text := range list {
		key, val, found := strings.Cut(strings.TrimSpace(text), "=")
		if !found {
			return fmt.Errorf("%q is not of the form name=value", text)
		}
		if seen[key] {
			return fmt.Errorf("%s is set twice", key)
		}
		seen[key] = true
		if err := applySetting(c, key, val, force); err != nil {
			return err
		}
	}
	return nil
}

func applySetting(c *Config, key, val string, force bool) error {
	var names []string
	for _, s := range envSettings {
		if s.name == key {
			return s.apply(c, val, force)
		}
		names = append(names, s.name)
	}
	return fmt.Errorf("unknown setting %q (one of %s)", key, strings.Join(names, ", "))
}

// parseFeatures reads features separated by plus signs.
func parseFeatures(list string) (set Feature, err error) {
	for _, name := range strings.Split(list, "+") {
		f, err := poller.ParseFeature(name)
		if err != nil {
			return 0, err
		}
		set |= f
	}
	return set, nil
}
