package sink

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what a sink speaks.
type Kind uint8

// The kinds.
const (
	NATS    Kind = iota + 1 // JetStream
	Kafka                   // an idempotent producer
	RELP                    // with an acknowledgement of each message
	RELPTLS                 // the same over TLS
	TLS                     // RFC 5425
)

var kindNames = [...]string{NATS: "nats", Kafka: "kafka", RELP: "relp", RELPTLS: "relp+tls", TLS: "tls"}

// String is the scheme of the kind's URLs.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Config says where a sink sends to, and how. Parse makes it.
type Config struct {
	Kind    Kind
	Name    string   // of the sink's files and metrics
	Servers []string // host:port

	// NoHold does not have retention wait. HoldBytes and HoldAge bound how much it waits
	// for: how many bytes may be behind, how long ago a segment was written last; 0: for
	// ever.
	NoHold    bool
	HoldBytes int64
	HoldAge   time.Duration
	// Newest begins without a cursor at what is stored from now on, not at the oldest.
	Newest bool
	// Window and WindowBytes are how many records, and bytes of messages, may be
	// outstanding.
	Window, WindowBytes int

	// Stream and Subject are NATS's: where records go, Subject a template.
	Stream, Subject string
	// Create makes a stream or topic that does not exist, with Replicas, and a stream with
	// a duplicate window of Outage; Partitions of a topic.
	Create     bool
	Replicas   int
	Partitions int
	// Outage is the longest outage after which nothing is to be in the stream twice.
	Outage time.Duration
	// Topic is Kafka's.
	Topic string
	// Header puts a header in front of malformed messages (RELP, TLS).
	Header bool
	// MaxMessage is the length in bytes of the longest message that a relay is sent; what
	// is longer is refused. 0: any is.
	MaxMessage int

	// UseTLS has NATS and Kafka speak TLS. CA, Cert and Key are PEM files: who is trusted
	// (default: the system's), and who the sink is. ServerName is who the server has to be
	// (default: its host).
	UseTLS                    bool
	CA, Cert, Key, ServerName string
	// Credentials is a NATS credentials file; TokenFile and PasswordFile hold a secret.
	Credentials, TokenFile string
	User, PasswordFile     string
	// SASL is Kafka's mechanism: plain, scram-sha-256 or scram-sha-512.
	SASL string
}

// String says where the sink sends to.
func (c *Config) String() string {
	s := c.Kind.String() + "://" + strings.Join(c.Servers, ",")
	switch c.Kind {
	case NATS:
		return s + " stream " + c.Stream
	case Kafka:
		return s + " topic " + c.Topic
	}
	return s
}

// Limits of a Config.
const (
	DefaultWindow      = 4096
	DefaultWindowBytes = 16 << 20
	DefaultOutage      = 2 * time.Minute
	DefaultSubject     = "logs.{host}.{severity}.{app}"

	maxWindow      = 65536
	minWindowBytes = 64 << 10
	maxWindowBytes = 1 << 30
)

const wantURL = "want nats://HOST:PORT[,HOST:PORT]?stream=NAME, kafka://HOST:PORT/TOPIC, relp://HOST:PORT, relp+tls://HOST:PORT or tls://HOST:PORT"

var (
	sinkName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	topicName  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)
)

// Parse reads the URL of a sink, as the flag -sink has it.
func Parse(text string) (Config, error) {
	c := Config{
		Window: DefaultWindow, WindowBytes: DefaultWindowBytes, Subject: DefaultSubject,
		Replicas: 1, Partitions: 1, Outage: DefaultOutage,
	}
	if err := c.parse(text); err != nil {
		return Config{}, fmt.Errorf("-sink %s: %w", withoutSecrets(text), err)
	}
	return c, nil
}

// withoutSecrets hides what may be a secret in an URL that is wrong: what is in front of
// an @, and what options are set to that there are not.
func withoutSecrets(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return text
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "..." + rest[at:]
	}
	rest, query, found := strings.Cut(rest, "?")
	if found {
		rest += "?" + knownOptions(query)
	}
	return scheme + "://" + rest
}

// knownOptions hides the values of options that no kind has: password, perhaps.
func knownOptions(query string) string {
	known := new(Config).options()
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, found := strings.Cut(part, "=")
		if found && !slices.ContainsFunc(known, func(o option) bool { return o.name == name }) {
			parts[i] = name + "=..."
		}
	}
	return strings.Join(parts, "&")
}

func (c *Config) parse(text string) error {
	scheme, rest, _ := strings.Cut(text, "://")
	if i := slices.Index(kindNames[:], scheme); i > 0 {
		c.Kind = Kind(i)
	} else {
		return fmt.Errorf("%s", wantURL)
	}
	front, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(front, "/")
	name, _, _ := strings.Cut(query, "=")
	if strings.Contains(front+name, "@") {
		return errUser
	}
	if err := c.parseHosts(hosts); err != nil {
		if strings.Contains(query, "@") {
			return errUser // whose password has a ? and a =, and is in the error
		}
		return err
	}
	if c.Kind == Kafka {
		c.Topic = path
	} else if path != "" {
		return fmt.Errorf("path /%s: want none: %s", path, wantURL)
	}
	if err := c.parseQuery(query); err != nil {
		return err
	}
	if c.Name == "" {
		c.Name = c.defaultName()
	}
	return c.check()
}

var errUser = errors.New("a user in the URL: want creds=FILE, token-file=FILE or user=NAME&password-file=FILE, which nobody sees in the list of processes")

// parseHosts reads the servers.
func (c *Config) parseHosts(hosts string) error {
	c.Servers = strings.Split(hosts, ",")
	for _, server := range c.Servers {
		host, port, err := net.SplitHostPort(server)
		n, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || host == "" || portErr != nil || n == 0 {
			return fmt.Errorf("server %q: %s", server, wantURL)
		}
	}
	if len(c.Servers) > 1 && c.Kind != NATS && c.Kind != Kafka {
		return fmt.Errorf("%d servers: want one", len(c.Servers))
	}
	return nil
}

// parseQuery reads the options.
func (c *Config) parseQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("options: %w: want NAME=VALUE&NAME=VALUE", err)
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys) // so that the same mistake is told each time
	for _, key := range keys {
		set := c.option(key)
		if set == nil {
			return fmt.Errorf("option %s: want one of %s", key, strings.Join(c.optionNames(), ", "))
		}
		if len(values[key]) > 1 {
			return fmt.Errorf("option %s is there %d times: want it once", key, len(values[key]))
		}
		if err := set(values[key][0]); err != nil {
			return fmt.Errorf("%s %s: %w", key, values[key][0], err)
		}
	}
	return nil
}

// defaultName is made of where the sink sends to, so that another target has another
// cursor.
func (c *Config) defaultName() string {
	to := c.Stream
	switch c.Kind {
	case Kafka:
		to = c.Topic
	case RELP, RELPTLS, TLS:
		to = c.Servers[0]
	}
	name := strings.ReplaceAll(c.Kind.String(), "+", "-") + "-" + string(appendToken(nil, []byte(to)))
	return name[:min(len(name), maxToken)]
}

// check looks for what is missing, or does not go together.
func (c *Config) check() error {
	switch {
	case c.Kind == NATS && !streamName.MatchString(c.Stream):
		return fmt.Errorf("stream %q: want stream=NAME of 1 to 64 letters, digits, - and _", c.Stream)
	case c.Kind == Kafka && !topicName.MatchString(c.Topic):
		return fmt.Errorf("topic %q: want kafka://HOST:PORT/TOPIC of 1 to 249 letters, digits, ., - and _", c.Topic)
	case (c.Cert == "") != (c.Key == ""):
		return fmt.Errorf("cert %q and key %q: want both or none", c.Cert, c.Key)
	case (c.User == "") != (c.PasswordFile == ""):
		return fmt.Errorf("user %q and password-file %q: want both or none", c.User, c.PasswordFile)
	case c.SASL != "" && c.User == "":
		return fmt.Errorf("sasl %s: want user and password-file with it", c.SASL)
	case c.NoHold && (c.HoldBytes > 0 || c.HoldAge > 0):
		return fmt.Errorf("hold no: want no hold-bytes and hold-age with it")
	case (c.Kind == NATS || c.Kind == Kafka) && !c.UseTLS && c.CA+c.Cert+c.ServerName != "":
		return fmt.Errorf("ca, cert and server-name: want tls=yes with them")
	}
	return nil
}
