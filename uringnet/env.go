package uringnet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/poller"
)

// EnvVar names the environment variable that overrides every Config of a
// process. Its value is "off" (run on the standard library), or settings
// separated by commas:
//
//	mode=shared|dedicated|sqpoll
//	recv=auto|single|multishot
//	direct-recv=auto|always|never
//	rings=N
//	batch-wait=DURATION
//	zero-copy-send=BYTES
//	fallback=auto|never|always
//	disable=feature+feature+...
//
// Features have the names that Status lists. A value that cannot be read is
// reported in Status and on the log, and changes nothing.
const EnvVar = "URINGNET"

// applyEnv changes c as the value of the environment variable says, or not at
// all if it has an error.
func applyEnv(c *Config, value string) error {
	if value == "" || value == "on" {
		return nil
	}
	next := *c
	if value == "off" {
		next.Fallback = FallbackAlways
		*c = next
		return nil
	}
	for _, setting := range strings.Split(value, ",") {
		key, val, found := strings.Cut(strings.TrimSpace(setting), "=")
		if !found {
			return fmt.Errorf("%s: %q is not of the form name=value", EnvVar, setting)
		}
		if err := applySetting(&next, key, val); err != nil {
			return fmt.Errorf("%s: %w", EnvVar, err)
		}
	}
	*c = next
	return nil
}

func applySetting(c *Config, key, val string) (err error) {
	switch key {
	case "mode":
		c.Mode, err = poller.ParseMode(val)
	case "recv":
		c.Receive, err = poller.ParseReceive(val)
	case "transfer":
		c.Transfer, err = poller.ParseTransfer(val)
	case "zero-copy-send":
		c.ZeroCopySend, err = strconv.Atoi(val)
	case "rings":
		c.Rings, err = strconv.Atoi(val)
	case "batch-wait":
		c.BatchWait, err = time.ParseDuration(val)
	case "fallback":
		c.Fallback, err = poller.ParseFallback(val)
	case "disable":
		for _, name := range strings.Split(val, "+") {
			f, ferr := poller.ParseFeature(name)
			if ferr != nil {
				return ferr
			}
			c.Disable |= f
		}
	default:
		err = fmt.Errorf("unknown setting %q", key)
	}
	return err
}
