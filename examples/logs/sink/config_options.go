package sink

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An optionFunc sets an option to what its text says.
type optionFunc = func(text string) error

// An option is what can be set by its name, of some kinds; none: of all.
type option struct {
	name  string
	set   optionFunc
	kinds []Kind
}

// options are all there are.
func (c *Config) options() []option {
	both, secure := []Kind{NATS, Kafka}, []Kind{NATS, Kafka, RELPTLS, TLS}
	return []option{
		{"name", matching(&c.Name, func(s string) error {
			if !sinkName.MatchString(s) {
				return errors.New("want 1 to 64 letters, digits, - and _")
			}
			return nil
		}), nil},
		{"start", flagOf(&c.Newest, "oldest", "newest"), nil},
		{"hold", flagOf(&c.NoHold, "yes", "no"), nil},
		{"hold-bytes", sizeOf(&c.HoldBytes), nil},
		{"hold-age", durationOf(&c.HoldAge, time.Second, 10*365*24*time.Hour), nil},
		{"window", intOf(&c.Window, 1, maxWindow), nil},
		{"window-bytes", intOf(&c.WindowBytes, minWindowBytes, maxWindowBytes), nil},
		{"stream", matching(&c.Stream, nil), []Kind{NATS}},
		{"subject", matching(&c.Subject, func(s string) error { _, err := parseTemplate(s); return err }), []Kind{NATS}},
		{"outage", durationOf(&c.Outage, time.Second, 30*24*time.Hour), []Kind{NATS}},
		{"creds", matching(&c.Credentials, nil), []Kind{NATS}},
		{"token-file", matching(&c.TokenFile, nil), []Kind{NATS}},
		{"create", flagOf(&c.Create, "no", "yes"), both},
		{"replicas", intOf(&c.Replicas, 1, 5), both},
		{"partitions", intOf(&c.Partitions, 1, 10000), []Kind{Kafka}},
		{"sasl", matching(&c.SASL, oneOf("plain", "scram-sha-256", "scram-sha-512")), []Kind{Kafka}},
		{"user", matching(&c.User, nil), both},
		{"password-file", matching(&c.PasswordFile, nil), both},
		{"tls", flagOf(&c.UseTLS, "no", "yes"), both},
		{"ca", matching(&c.CA, nil), secure},
		{"cert", matching(&c.Cert, nil), secure},
		{"key", matching(&c.Key, nil), secure},
		{"server-name", matching(&c.ServerName, nil), secure},
		{"max-message", intOf(&c.MaxMessage, 480, 16<<20), []Kind{RELP, RELPTLS, TLS}},
		{"prepend", flagOf(&c.Header, "nothing", "header"), []Kind{RELP, RELPTLS, TLS}},
	}
}

// option returns what sets an option of the Config's kind; nil if there is no such.
func (c *Config) option(name string) optionFunc {
	for _, o := range c.options() {
		if o.name == name && (o.kinds == nil || slices.Contains(o.kinds, c.Kind)) {
			return o.set
		}
	}
	return nil
}

// optionNames are those of the Config's kind.
func (c *Config) optionNames() (names []string) {
	for _, o := range c.options() {
		if o.kinds == nil || slices.Contains(o.kinds, c.Kind) {
			names = append(names, o.name)
		}
	}
	return names
}

// matching sets a text that is not empty and passes a check, if there is one.
func matching(v *string, check func(string) error) optionFunc {
	return func(text string) error {
		if text == "" {
			return errors.New("want a value")
		}
		if check != nil {
			if err := check(text); err != nil {
				return err
			}
		}
		*v = text
		return nil
	}
}

func oneOf(values ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(values, text) {
			return fmt.Errorf("want %s", strings.Join(values, ", "))
		}
		return nil
	}
}

// flagOf sets v if the text is the second of two.
func flagOf(v *bool, off, on string) optionFunc {
	return func(text string) error {
		if text != off && text != on {
			return fmt.Errorf("want %s or %s", off, on)
		}
		*v = text == on
		return nil
	}
}

func intOf(v *int, from, to int) optionFunc {
	return func(text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < from || n > to {
			return fmt.Errorf("want %d to %d", from, to)
		}
		*v = n
		return nil
	}
}

func durationOf(v *time.Duration, from, to time.Duration) optionFunc {
	return func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < from || d > to {
			return fmt.Errorf("want a duration like 90s or 24h, %v to %v", from, to)
		}
		*v = d
		return nil
	}
}

// sizeOf reads a number of bytes: 500000, 64MiB, 10GiB, 1TiB.
func sizeOf(v *int64) optionFunc {
	return func(text string) error {
		digits, unit := text, int64(1)
		for i, suffix := range []string{"KiB", "MiB", "GiB", "TiB"} {
			if rest, ok := strings.CutSuffix(text, suffix); ok {
				digits, unit = rest, 1<<(10*(i+1))
			}
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 1 || n > math.MaxInt64/unit {
			return errors.New("want a size of 1 or more, like 500000, 64MiB or 10GiB")
		}
		*v = n * unit
		return nil
	}
}
