package main

import (
	"fmt"
	"io"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// config is what the flags say.
type config struct {
	to      []string
	servers []server // of to
	proto   string

	tls     bool
	ca      string
	cert    string
	key     string
	name    string
	secrets *secrets // nil: no TLS

	files      []string
	state      string
	follow     bool
	fromEnd    bool
	poll       time.Duration
	rescan     time.Duration
	rotateWait time.Duration
	maxLine    int
	window     int
	format     string
	tag        string
	timeout    time.Duration
	maxPause   time.Duration
	progress   time.Duration
	grace      time.Duration

	flags *cli.Set
}

// The values of -proto and -format.
const (
	protoRELP  = "relp"
	protoLines = "lines"

	formatAuto = "auto"
	formatRaw  = "raw"
)

func newConfig() *config {
	c := &config{
		proto: protoRELP, follow: true, poll: 250 * time.Millisecond, rescan: 3 * time.Second, rotateWait: 5 * time.Second,
		maxLine: 16 << 10, window: 8192, format: formatAuto, timeout: 30 * time.Second, maxPause: 10 * time.Second,
		progress: time.Second, grace: 5 * time.Second, flags: cli.NewSet("logship"),
	}
	c.inputFlags(c.flags)
	c.outputFlags(c.flags)
	c.flags.ConfigFile()
	return c
}

// inputFlags are those of what is read.
func (c *config) inputFlags(fs *cli.Set) {
	fs.ListOf(&c.files, "file", checkFile, "`files` to ship, separated by commas or given one by one (default the standard input);\n"+
		"*, ? and [] make a pattern, which finds new files, too, and passes over rotated and compressed ones")
	fs.String(&c.state, "state", "`file` in which the positions in -file are kept; without it each start begins anew")
	fs.Bool(&c.follow, "follow", "wait for more at the end of -file, through rotations; false: stop there")
	fs.Bool(&c.fromEnd, "from-end", "begin at the end of each -file that is there at the start and has no position")
	fs.Duration(&c.poll, "poll", time.Millisecond, time.Minute, "how often the end of -file is looked at")
	fs.Duration(&c.rescan, "rescan", 10*time.Millisecond, time.Hour, "how often patterns look for new files")
	fs.Duration(&c.rotateWait, "rotate-wait", 0, time.Hour, "how long a rotated file is still read, for late lines, after the new one is there")
	fs.Int(&c.maxLine, "max-line", 512, 16<<20, "`bytes` of the longest log; a longer line is sent in pieces of that while it is read,\n"+
		"which nothing marks but that the text goes on; NULs at the start of a line are passed over")
	fs.Choice(&c.format, "format", "`how`: lines that are not syslog get an RFC 5424 header, or none does", formatAuto, formatRaw)
	fs.String(&c.tag, "tag", "`name` of the application in such headers (default the name of the file, or logship)")
}

// outputFlags are those of where it goes.
func (c *config) outputFlags(fs *cli.Set) {
	fs.List(&c.to, "to", "`addresses` of servers, host:port or unix:PATH, separated by commas: the first that answers\n"+
		"gets all, the next takes over when the connection is lost")
	fs.Choice(&c.proto, "proto", "`protocol`: each line acknowledged, or none", protoRELP, protoLines)
	fs.Bool(&c.tls, "tls", "speak TLS, 1.2 at least")
	fs.String(&c.ca, "tls-ca", "PEM `file` of the certificates to trust, in place of the system's; it is read again when it changes")
	fs.String(&c.ca, "ca", "`file`, the older name of -tls-ca")
	fs.String(&c.cert, "tls-cert", "PEM `file` of the certificate to show to the server; it is read again when it changes")
	fs.String(&c.key, "tls-key", "PEM `file` of the key of -tls-cert")
	fs.String(&c.name, "tls-name", "`name` in the servers' certificates (default the host of -to)")
	fs.String(&c.name, "server-name", "`name`, the older name of -tls-name")
	fs.Int(&c.window, "window", 1, 1<<20, "how `many` lines may be on their way without acknowledgement")
	fs.Duration(&c.timeout, "timeout", time.Millisecond, time.Hour, "how long to wait for a connection and for acknowledgements")
	fs.Duration(&c.maxPause, "max-pause", time.Millisecond, time.Hour, "the longest pause before connecting again; the first is 50ms, and they double")
	fs.Duration(&c.progress, "progress", 0, time.Hour, "how often progress is shown; 0: never")
	fs.Duration(&c.grace, "grace", 0, time.Hour, "how long what was read may take to be shipped at SIGTERM or SIGINT")
}

// checkFile refuses what cannot be a log.
func checkFile(path string) error {
	if isCompressed(path) {
		return cli.Want("files that are not compressed")
	}
	return checkPattern(path)
}

// parseConfig reads the command line. The config it returns is never nil.
func parseConfig(args []string) (*config, error) {
	c := newConfig()
	if err := c.flags.Parse(args); err != nil {
		return c, err
	}
	if err := c.flags.NoArgs(); err != nil {
		return c, err
	}
	return c, cli.Usage(c.check())
}

// check looks at what flags say together.
func (c *config) check() (err error) {
	switch {
	case len(c.to) == 0:
		return c.flags.Refuse("to", "the address of a server")
	case c.state != "" && len(c.files) == 0:
		return c.flags.Refuse("state", "it with -file alone: a position in the standard input is of no use")
	case c.fromEnd && len(c.files) == 0:
		return c.flags.Refuse("from-end", "it with -file alone")
	case !c.tls && c.ca != "":
		return c.flags.Refuse("tls-ca", "it with -tls alone")
	case !c.tls && c.name != "":
		return c.flags.Refuse("tls-name", "it with -tls alone")
	case !c.tls && c.cert != "":
		return c.flags.Refuse("tls-cert", "it with -tls alone")
	case (c.cert == "") != (c.key == ""):
		return c.flags.Refuse("tls-key", "it and -tls-cert together")
	}
	if c.servers, err = c.resolve(); err != nil || !c.tls {
		return err
	}
	c.secrets = &secrets{ca: c.ca, cert: c.cert, key: c.key}
	return c.secrets.check()
}

func (c *config) usage(w io.Writer) {
	fmt.Fprint(w, "Logship sends lines to a log server.\n\n  logship -to ADDRESS [-file FILE [-state FILE]] [flags]\n\n")
	c.flags.Usage(w)
	fmt.Fprintf(w, "\nThat a file was truncated is seen from its size and, if it has grown beyond what was\n"+
		"read by then, from its first %d bytes and the %d before the position. If these are\n"+
		"the same as before it is not seen, and what the file has up to there is not shipped.\n", headSize, lastSize)
}
