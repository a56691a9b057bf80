package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// config is what the flags say.
type config struct {
	to      string
	network string // of to
	address string
	proto   string
	tls     bool
	ca      string
	server  string
	tlsConf *tls.Config // nil: no TLS

	file     string
	state    string
	follow   bool
	fromEnd  bool
	poll     time.Duration
	maxLine  int
	window   int
	format   string
	tag      string
	timeout  time.Duration
	maxPause time.Duration
	progress time.Duration
	grace    time.Duration

	flags *flag.FlagSet
}

// The values of -proto and -format.
const (
	protoRELP  = "relp"
	protoLines = "lines"

	formatAuto = "auto"
	formatRaw  = "raw"
)

func newConfig() *config {
	c := &config{}
	fs := flag.NewFlagSet("logship", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the errors are returned
	fs.StringVar(&c.to, "to", "", "`address` of the server: host:port, or unix:PATH")
	fs.StringVar(&c.proto, "proto", protoRELP, "relp (each line acknowledged) or lines (nothing acknowledged)")
	fs.BoolVar(&c.tls, "tls", false, "speak TLS")
	fs.StringVar(&c.ca, "ca", "", "PEM `file` of the certificates to trust, in place of the system's")
	fs.StringVar(&c.server, "server-name", "", "`name` in the server's certificate (default the host of -to)")
	fs.StringVar(&c.file, "file", "", "`file` to ship (default the standard input)")
	fs.StringVar(&c.state, "state", "", "`file` in which the position in -file is kept; without it each start begins anew")
	fs.BoolVar(&c.follow, "follow", true, "wait for more at the end of -file, through rotations; else stop there")
	fs.BoolVar(&c.fromEnd, "from-end", false, "begin at the end of -file if there is no position")
	fs.DurationVar(&c.poll, "poll", 250*time.Millisecond, "how often the end of -file is looked at")
	fs.IntVar(&c.maxLine, "max-line", 16<<10, "`bytes` of the longest log; a longer line is sent in pieces of that")
	fs.IntVar(&c.window, "window", 8192, "how `many` lines may be on their way without acknowledgement")
	fs.StringVar(&c.format, "format", formatAuto, "auto (lines that are not syslog get an RFC 5424 header) or raw")
	fs.StringVar(&c.tag, "tag", "", "`name` of the application in such headers (default the name of -file, or logship)")
	fs.DurationVar(&c.timeout, "timeout", 30*time.Second, "how long to wait for a connection and for acknowledgements")
	fs.DurationVar(&c.maxPause, "max-pause", 10*time.Second, "the longest pause before connecting again; the first is 50ms, and they double")
	fs.DurationVar(&c.progress, "progress", time.Second, "how often progress is shown; 0: never")
	fs.DurationVar(&c.grace, "grace", 5*time.Second, "how long what was read may take to be shipped at SIGTERM or SIGINT")
	c.flags = fs
	return c
}

// parseConfig reads the command line. The config it returns is never nil.
func parseConfig(args []string) (*config, error) {
	c := newConfig()
	if err := c.flags.Parse(args); err != nil {
		return c, err
	}
	if c.flags.NArg() > 0 {
		return c, fmt.Errorf("%q is not a flag", c.flags.Arg(0))
	}
	return c, c.check()
}

func (c *config) check() error {
	switch {
	case c.to == "":
		return errors.New("-to is missing: where to?")
	case c.proto != protoRELP && c.proto != protoLines:
		return fmt.Errorf("-proto %q: relp or lines", c.proto)
	case c.format != formatAuto && c.format != formatRaw:
		return fmt.Errorf("-format %q: auto or raw", c.format)
	case c.state != "" && c.file == "":
		return errors.New("-state needs -file: a position in the standard input is of no use")
	case c.fromEnd && c.file == "":
		return errors.New("-from-end needs -file")
	case c.maxLine < 512 || c.maxLine > 16<<20:
		return fmt.Errorf("-max-line %d: 512 to 16777216 bytes", c.maxLine)
	case c.window < 1 || c.window > 1<<20:
		return fmt.Errorf("-window %d: 1 to 1048576", c.window)
	case c.poll <= 0 || c.timeout <= 0 || c.maxPause <= 0 || c.grace < 0 || c.progress < 0:
		return errors.New("-poll, -timeout and -max-pause are above 0, -grace and -progress not below it")
	case !c.tls && (c.ca != "" || c.server != ""):
		return errors.New("-ca and -server-name need -tls")
	}
	if err := c.resolve(); err != nil {
		return err
	}
	return c.loadTLS()
}

// resolve splits -to.
func (c *config) resolve() error {
	if path, ok := strings.CutPrefix(c.to, "unix:"); ok {
		c.network, c.address = "unix", path
		return nil
	}
	if _, _, err := net.SplitHostPort(c.to); err != nil {
		return fmt.Errorf("-to: %w", err)
	}
	c.network, c.address = "tcp", c.to
	return nil
}

func (c *config) loadTLS() error {
	if !c.tls {
		return nil
	}
	c.tlsConf = &tls.Config{ServerName: c.server, MinVersion: tls.VersionTLS12}
	if c.server == "" {
		if c.network == "unix" {
			return errors.New("-tls over a unix socket needs -server-name")
		}
		c.tlsConf.ServerName, _, _ = net.SplitHostPort(c.address)
	}
	if c.ca == "" {
		return nil
	}
	pem, err := os.ReadFile(c.ca)
	if err != nil {
		return fmt.Errorf("-ca: %w", err)
	}
	c.tlsConf.RootCAs = x509.NewCertPool()
	if !c.tlsConf.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("-ca: no certificate in %s", c.ca)
	}
	return nil
}

func (c *config) usage(w io.Writer) {
	fmt.Fprint(w, "Logship sends lines to a log server.\n\n  logship -to ADDRESS [-file FILE [-state FILE]] [flags]\n\n")
	c.flags.SetOutput(w)
	c.flags.PrintDefaults()
	fmt.Fprintf(w, "\nThat -file was truncated is seen from its size and, if it has grown beyond what was\n"+
		"read by then, from its first %d bytes. If these are the same as before it is not\n"+
		"seen, and what the file has up to there is not shipped.\n", headSize)
}
