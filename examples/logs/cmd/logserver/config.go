package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// defaultTCP is listened on if no listener is asked for.
const defaultTCP = "127.0.0.1:5514"

// config is what flags and the configuration file say.
type config struct {
	tcp, tls, unix, relp, relpTLS list
	cert, key                     string
	selfSigned                    bool
	http                          string

	dir         string
	durability  durability
	interval    time.Duration
	compress    bool
	segmentSize size
	segmentAge  time.Duration
	batchSize   size
	batches     int
	batchDelay  time.Duration
	lanes       int
	files       choice

	mode     choice
	drive    choice
	wait     time.Duration
	maxLine  size
	maxConns int
	idle     time.Duration

	lineTimeout  time.Duration
	bufferMemory size

	stats time.Duration
	grace time.Duration

	path string // of the configuration file
}

// The choices of -mode and -files.
const (
	modeEvents = "events"
	modeConns  = "conns"
	filesAuto  = "auto"
	filesRing  = "ring"
	filesStd   = "std"
)

func defaultConfig() config {
	return config{
		http:        "127.0.0.1:9514",
		dir:         "logs",
		durability:  durability{store.Group},
		interval:    time.Second,
		segmentSize: 256 << 20,
		segmentAge:  time.Hour,
		batchSize:   256 << 10,
		batches:     32,
		batchDelay:  200 * time.Microsecond,
		files:       choice{value: filesAuto, of: []string{filesAuto, filesRing, filesStd}},
		mode:        choice{value: modeEvents, of: []string{modeEvents, modeConns}},
		drive:       choice{value: "dedicated", of: []string{"shared", "dedicated", "sqpoll"}},
		wait:        500 * time.Microsecond,
		maxLine:     64 << 10,
		maxConns:    10000,

		lineTimeout:  5 * time.Minute,
		bufferMemory: intake.DefaultBudget,

		stats: time.Second,
		grace: 5 * time.Second,
	}
}

// flags returns the flags that set c. Their names are those of the
// configuration file, too.
func (c *config) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("logserver", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the errors are returned
	fs.Var(&c.tcp, "tcp", "`addresses` for syslog over TCP, lines or octet-counted; comma-separated or repeated\n(default "+defaultTCP+" if nothing else is listened on)")
	fs.Var(&c.tls, "tls", "`addresses` for syslog over TLS")
	fs.Var(&c.unix, "unix", "`paths` of stream sockets for syslog")
	fs.Var(&c.relp, "relp", "`addresses` for RELP")
	fs.Var(&c.relpTLS, "relp-tls", "`addresses` for RELP over TLS")
	fs.StringVar(&c.cert, "cert", "", "PEM `file` of the certificate for TLS")
	fs.StringVar(&c.key, "key", "", "PEM `file` of its private key")
	fs.BoolVar(&c.selfSigned, "self-signed", false, "make a certificate for localhost on the spot, to try TLS out")
	fs.StringVar(&c.http, "http", c.http, "`address` of the live page, /metrics and /stats.json; empty: none")

	fs.StringVar(&c.dir, "dir", c.dir, "`directory` of the segment files; made if it is not there")
	fs.Var(&c.durability, "durability", "`when` a log counts as stored, and RELP is acknowledged: none (handed to the\nkernel), interval (written; synced every -interval) or group (synced, many logs at a time)")
	fs.DurationVar(&c.interval, "interval", c.interval, "how often files are synced under -durability interval")
	fs.BoolVar(&c.compress, "compress", false, "compress with zstd")
	fs.Var(&c.segmentSize, "segment-size", "`size` at which a new segment is begun")
	fs.DurationVar(&c.segmentAge, "segment-age", c.segmentAge, "age at which a new segment is begun")
	fs.Var(&c.batchSize, "batch-size", "`size` of a batch, the unit of writing")
	fs.IntVar(&c.batches, "batches", c.batches, "`number` of batches in memory; when all wait for the disk, connections wait too")
	fs.DurationVar(&c.batchDelay, "batch-delay", c.batchDelay, "how long a batch may wait for more logs")
	fs.IntVar(&c.lanes, "lanes", 0, "`number` of batches filled at a time (0: one for each CPU)")
	fs.Var(&c.files, "files", "`how` files are written: ring (io_uring), std or auto")

	fs.Var(&c.mode, "mode", "`how` connections are served: events (on the rings' goroutines) or conns (a\ngoroutine each); TLS always has conns")
	fs.Var(&c.drive, "drive", "`how` the rings are driven: dedicated (a thread each, which can take completions\nin batches), shared (by Go's threads) or sqpoll")
	fs.DurationVar(&c.wait, "batch-wait", c.wait, "how long a dedicated thread may hold back what has arrived, to take it in batches: a\nbusy server spends half the CPU time on each log")
	fs.Var(&c.maxLine, "max-line", "`size` of the longest record; a longer line is continued in further records, a longer\nRELP or octet-counted message is cut")
	fs.IntVar(&c.maxConns, "max-conns", c.maxConns, "`number` of connections at a time; 0: no limit")
	fs.DurationVar(&c.idle, "idle", 0, "close connections silent for that long; 0: never")
	fs.DurationVar(&c.lineTimeout, "line-timeout", c.lineTimeout, "how long a message may be unfinished; then it is stored as it is, marked cut, and its\nconnection closed; 0: for ever")
	fs.Var(&c.bufferMemory, "buffer-memory", "`size` of the memory for what has not come whole or waits for the disk, of all\nconnections together")

	fs.DurationVar(&c.stats, "stats", c.stats, "how often a line of statistics is printed; 0: never")
	fs.DurationVar(&c.grace, "grace", c.grace, "how long connections may take to finish at SIGTERM or SIGINT")
	fs.StringVar(&c.path, "config", "", "configuration `file`: lines of name = value, with the names of these flags; flags win")
	return fs
}

// parseConfig makes a config of the command line and the file that it names.
// The error is flag.ErrHelp if help was asked for.
func parseConfig(args []string) (config, error) {
	c := defaultConfig()
	fs := c.flags()
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if c.path != "" {
		path := c.path
		f, err := os.Open(path)
		if err != nil {
			return c, fmt.Errorf("configuration: %w", err)
		}
		defer f.Close()
		c = defaultConfig()
		fs = c.flags()
		if err := applyFile(fs, path, f); err != nil {
			return c, err
		}
		fs.VisitAll(func(f *flag.Flag) {
			if l, ok := f.Value.(*list); ok {
				l.replace = true
			}
		})
		if err := fs.Parse(args); err != nil { // again, over the file's values
			return c, err
		}
	}
	if !slices.ContainsFunc([]list{c.tcp, c.tls, c.unix, c.relp, c.relpTLS}, func(l list) bool { return len(l.values) > 0 }) {
		c.tcp.values = []string{defaultTCP}
	}
	return c, c.check()
}

// check looks for values that make no sense, alone or together.
func (c *config) check() error {
	withTLS := len(c.tls.values)+len(c.relpTLS.values) > 0
	for _, rule := range []struct {
		bad  bool
		text string
	}{
		{c.dir == "", "dir must not be empty"},
		{withTLS && c.selfSigned && c.cert+c.key != "", "self-signed does not go with cert and key"},
		{withTLS && !c.selfSigned && (c.cert == "" || c.key == ""), "tls and relp-tls need cert and key, or self-signed"},
		{c.interval <= 0, "interval must be more than 0"},
		{c.segmentAge <= 0, "segment-age must be more than 0"},
		{c.batchDelay <= 0, "batch-delay must be more than 0"},
		{c.batches < 2, "batches must be 2 or more"},
		{c.batchSize < 512 || c.batchSize > 16<<20, "batch-size must be from 512 B to 16 MiB"},
		{int64(c.bufferCount()) > 1<<30/int64(max(c.batchSize, 1)), "batches of batch-size must fit into 1 GiB, with compress into half of it"},
		{c.lanes < 0, "lanes must not be negative"},
		{c.maxLine < 16, "max-line must be 16 or more"},
		{c.maxLine+1<<10 > c.batchSize, "batch-size must be at least 1 KiB more than max-line: a log has to fit into a batch"},
		{c.segmentSize < c.batchSize, "segment-size must not be less than batch-size"},
		{c.wait < 0 || c.wait > time.Second, "batch-wait must be from 0 to 1s"},
		{c.maxConns < 0, "max-conns must not be negative"},
		{c.idle < 0, "idle must not be negative"},
		{c.lineTimeout < 0, fmt.Sprintf("-line-timeout %v: want 0 or more", c.lineTimeout)},
		{c.bufferMemory < c.maxLine, fmt.Sprintf("-buffer-memory %v: want at least -max-line, %v", &c.bufferMemory, &c.maxLine)},
		{c.stats < 0, "stats must not be negative"},
		{c.grace < 0, "grace must not be negative"},
	} {
		if rule.bad {
			return errors.New(rule.text)
		}
	}
	return nil
}
