package main

import (
	"io/fs"
	"math"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/internal/systemd"
	"github.com/uringnet/go-uringnet/examples/logs/jsonlog"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// defaultTCP is listened on if no listener is asked for.
const defaultTCP = "127.0.0.1:5514"

// config is what flags and the configuration file say.
type config struct {
	tcp, tls, unix, relp, relpTLS []string
	udp, unixgram                 []string
	udpBuffer                     cli.Size
	json                          jsonlog.Names
	cert, key                     string
	selfSigned                    bool
	clientCA, tlsMin              string
	clientSubjects                []string
	unixMode                      fs.FileMode // 0: as the umask has it
	http                          string
	web                           webConfig

	dir         string
	durability  durability
	interval    time.Duration
	compress    bool
	segmentSize cli.Size
	segmentAge  time.Duration
	batchSize   cli.Size
	batches     int
	batchDelay  time.Duration
	lanes       int
	files       string
	keepAge     time.Duration
	keepSize    cli.Size
	keepFree    cli.Size
	sinks       []string // URLs, parts of them: see sinkConfigs
	sinkDir     string
	fileMode    fs.FileMode
	group       group

	mode        string
	drive       string
	wait        time.Duration
	maxLine     cli.Size
	maxConns    int
	maxPerIP    quota
	ratePerIP   float64  // logs a second; 0: no limit
	allow, deny []string // networks
	idle        time.Duration

	lineTimeout  time.Duration
	bufferMemory cli.Size

	stats statsPeriod
	grace time.Duration

	certPoll time.Duration // how often the files of certificates are looked at; not a flag

	version, checkConfig bool

	passed    []systemd.Socket // in the place of flags of their names
	defaulted bool             // tcp is defaultTCP

	args   []string          // the command line, to be read again
	values map[string]string // of all flags
	path   string            // of the configuration file
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
		web:         webConfig{logs: true},
		udpBuffer:   4 << 20,
		json:        jsonlog.Default(),
		dir:         "logs",
		durability:  durability{store.Group},
		interval:    time.Second,
		segmentSize: 256 << 20,
		segmentAge:  time.Hour,
		batchSize:   256 << 10,
		batches:     32,
		batchDelay:  300 * time.Microsecond,
		files:       filesAuto,
		fileMode:    0o640,
		tlsMin:      "1.2",
		certPoll:    certPoll,
		mode:        modeEvents,
		drive:       "shared",
		wait:        500 * time.Microsecond,
		maxLine:     64 << 10,
		maxConns:    10000,

		lineTimeout:  5 * time.Minute,
		bufferMemory: intake.DefaultBudget,

		stats: statsPeriod{every: statsDefault},
		grace: 5 * time.Second,
	}
}

// maxBuffers is how much memory all batches may have.
const maxBuffers = 1 << 30

// flags returns the flags that set c. Their names are those of the
// configuration file, too.
func (c *config) flags() *cli.Set {
	fs := cli.NewSet("logserver")
	c.inputFlags(fs)
	c.storeFlags(fs)
	c.serviceFlags(fs)
	fs.ConfigFile()
	fs.Command(&c.version, "version", "print the version of the module and the commit, and end")
	fs.Command(&c.checkConfig, "check-config", "look at flags, configuration file and certificates, and end: with 0, or with 2 and what is\nwrong")
	return fs
}

// inputFlags adds what is listened on.
func (c *config) inputFlags(fs *cli.Set) {
	fs.List(&c.tcp, "tcp", "`addresses` for syslog over TCP, lines or octet-counted; comma-separated or repeated\n(default "+defaultTCP+" if nothing else is listened on)")
	fs.List(&c.tls, "tls", "`addresses` for syslog over TLS")
	fs.List(&c.unix, "unix", "`paths` of stream sockets for syslog")
	fs.List(&c.udp, "udp", "`addresses` for syslog over UDP, a message in each datagram")
	fs.Size(&c.udpBuffer, "udp-buffer", 0, 1<<30, "`size` of the kernel's buffer of each UDP socket, what is sent while nobody receives; 0: the\nsystem's default")
	fs.List(&c.unixgram, "unixgram", "`paths` of datagram sockets for syslog, as /dev/log is one")
	fs.List(&c.relp, "relp", "`addresses` for RELP")
	fs.List(&c.relpTLS, "relp-tls", "`addresses` for RELP over TLS")
	fs.String(&c.cert, "cert", "PEM `file` of the certificate for TLS")
	fs.String(&c.key, "key", "PEM `file` of its private key")
	fs.Bool(&c.selfSigned, "self-signed", "make a certificate for localhost on the spot, to try TLS out")
	fs.String(&c.clientCA, "tls-client-ca", "PEM `file` of the certificates that sign clients'; TLS clients have to have one then")
	fs.ListOf(&c.clientSubjects, "tls-client-subject", checkSubject, "`names` that clients' certificates may have, comma-separated or repeated: the common name\nor any alternative name, web-*.example.com, or an attribute of the subject, O=Acme")
	fs.Choice(&c.tlsMin, "tls-min", "oldest `version` of TLS that is spoken", "1.2", "1.3")
	fs.Mode(&c.unixMode, "unix-mode", 0, "`permissions` of the unix sockets, of both kinds (default as the umask has it)")
	fs.String(&c.http, "http", "`address` of the live page, /logs, /metrics, /stats.json, /healthz and /readyz; empty: none")
	c.web.flags(fs)
}

// storeFlags adds how logs are stored.
func (c *config) storeFlags(fs *cli.Set) {
	fs.String(&c.dir, "dir", "`directory` of the segment files; made if it is not there")
	fs.Var(&c.durability, "durability", "`when` a log counts as stored, and RELP is acknowledged: none (handed to the\nkernel), interval (written; synced every -interval) or group (synced, many logs at a time)")
	fs.Duration(&c.interval, "interval", time.Millisecond, time.Hour, "`time` between syncs of files under -durability interval")
	fs.Bool(&c.compress, "compress", "compress with zstd")
	fs.Size(&c.segmentSize, "segment-size", 512, math.MaxInt64, "`size` at which a new segment is begun")
	fs.Duration(&c.segmentAge, "segment-age", time.Millisecond, math.MaxInt64, "`age` at which a new segment is begun")
	fs.Size(&c.batchSize, "batch-size", 512, 16<<20, "`size` of a batch, the unit of writing")
	fs.Int(&c.batches, "batches", 2, 1<<16, "`number` of batches in memory; when all wait for the disk, connections wait too")
	fs.Duration(&c.batchDelay, "batch-delay", time.Microsecond, time.Minute, "least `time` between two writes under -durability none and interval; a log that comes\nalone is written at once")
	fs.Int(&c.lanes, "lanes", 0, 1024, "`number` of batches filled at a time; 0: one for each CPU")
	fs.Duration(&c.keepAge, "keep-age", 0, math.MaxInt64, "`time` that segments are kept after their last log came; 0: for ever. The oldest go\nfirst, never the one that is written")
	fs.Size(&c.keepSize, "keep-size", 0, math.MaxInt64, "`size` of all segments together above which the oldest are removed; 0: no limit")
	fs.Size(&c.keepFree, "keep-free", 0, math.MaxInt64, "`size` of free space on the file system below which the oldest segments are removed; 0:\nno matter")
	c.sinkFlags(fs)
	fs.Mode(&c.fileMode, "file-mode", 0o600, "`permissions` of segment files; those of directories are the same, and may be entered by\nwhom may read them")
	fs.Var(&c.group, "group", "`group`, by name or number, that files, directories and unix sockets are given to")
	fs.Choice(&c.files, "files", "`how` files are written: ring (io_uring), std (system calls) or auto: ring where each write is\nsynced (-durability group), which is then one submission, else std", filesAuto, filesRing, filesStd)
}

// serviceFlags adds how connections are served.
func (c *config) serviceFlags(fs *cli.Set) {
	fs.List(&c.json.Time, "json-time", "`names` of the member that is the time of a log that is a JSON object, by preference,\ncomma-separated or repeated; empty: none")
	fs.List(&c.json.Level, "json-level", "`names` of the member that is its level, in the same way")
	fs.List(&c.json.Host, "json-host", "`names` of the member that is its host, in the same way")
	fs.Choice(&c.mode, "mode", "`how` connections are served: events (on the rings' goroutines) or conns (a\ngoroutine each); TLS always has conns", modeEvents, modeConns)
	fs.Choice(&c.drive, "drive", "`how` connections are carried: shared (by readiness, soonest), dedicated (rings of a thread\neach, which can take what arrives in batches) or sqpoll", "shared", "dedicated", "sqpoll")
	fs.Duration(&c.wait, "batch-wait", 0, time.Second, "`time` that a dedicated thread may hold back what has arrived, to take it in batches: a\nbusy server spends half the CPU time on each log")
	fs.Size(&c.maxLine, "max-line", 16, 16<<20, "`size` of the longest record; a longer line is continued in further records, a longer\nRELP or octet-counted message is cut")
	fs.Int(&c.maxConns, "max-conns", 0, math.MaxInt, "`number` of connections at a time; 0: no limit")
	fs.Var(&c.maxPerIP, "max-conns-per-ip", "`number` of connections at a time of one address (by IPv6: of one /64), or quarter: of\n-max-conns; 0: no limit")
	fs.Float(&c.ratePerIP, "rate-per-ip", 0, 1e9, "`number` of logs a second of one address (by IPv6: of one /64); over it its connections\nare read later, and nothing of them is lost, and its datagrams dropped; 0: no limit")
	fs.ListOf(&c.allow, "allow", checkNetwork, "`networks` that may connect or send datagrams, as 10.0.0.0/8, comma-separated or repeated (default all)")
	fs.ListOf(&c.deny, "deny", checkNetwork, "`networks` that may not, also if -allow has them")
	fs.Duration(&c.idle, "idle", 0, math.MaxInt64, "`time` after which silent connections are closed; 0: never")
	fs.Duration(&c.lineTimeout, "line-timeout", 0, math.MaxInt64, "`time` that a message may be unfinished; then it is stored as it is, marked cut, and its\nconnection closed; 0: for ever")
	fs.Size(&c.bufferMemory, "buffer-memory", 16, math.MaxInt64, "`size` of the memory for what has not come whole or waits for the disk, of all\nconnections together; -max-line at least")
	fs.Var(&c.stats, "stats", "`when` a line of statistics is printed: auto (every second, on a terminal), always (every\nsecond), never, or a duration: that often, anywhere; 0: never")
	fs.Duration(&c.grace, "grace", 0, math.MaxInt64, "`time` that connections may take to finish at SIGTERM or SIGINT")
}

// parseConfig makes a config of the command line and the file that it names.
// The error is flag.ErrHelp if help was asked for.
func parseConfig(args []string) (config, error) {
	c := defaultConfig()
	fs := c.flags()
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if err := fs.NoArgs(); err != nil {
		return c, err
	}
	c.args, c.path = args, fs.Config()
	if len(c.tcp)+len(c.tls)+len(c.unix)+len(c.relp)+len(c.relpTLS)+len(c.udp)+len(c.unixgram) == 0 {
		c.tcp, c.defaulted = []string{defaultTCP}, true
	}
	c.values = fs.Values()
	return c, cli.Usage(c.check(fs))
}

// check looks for values that do not go together. Each one's range is the
// flag's.
func (c *config) check(fs *cli.Set) error {
	withTLS := len(c.tls)+len(c.relpTLS) > 0
	tlsFlag := "tls"
	if len(c.tls) == 0 {
		tlsFlag = "relp-tls"
	}
	for _, rule := range []struct {
		bad        bool
		flag, want string
	}{
		{c.dir == "", "dir", "the name of a directory"},
		{withTLS && c.selfSigned && c.cert+c.key != "", "self-signed", "either -self-signed or -cert and -key"},
		{withTLS && !c.selfSigned && (c.cert == "" || c.key == ""), tlsFlag, "-cert and -key with it, or -self-signed"},
		{len(c.clientSubjects) > 0 && c.clientCA == "", "tls-client-subject", "-tls-client-ca with it"},
		{int64(c.bufferCount()) > maxBuffers/int64(max(c.batchSize, 1)), "batches", "-batches of -batch-size to fit into 1GiB, with -compress into half of it"},
		{c.maxLine+1<<10 > c.batchSize, "max-line", "1KiB less than -batch-size at most: a log has to fit into a batch"},
		{c.segmentSize < c.batchSize, "segment-size", "-batch-size or more"},
		{c.bufferMemory < c.maxLine, "buffer-memory", "-max-line or more"},
	} {
		if rule.bad {
			return fs.Refuse(rule.flag, rule.want)
		}
	}
	if _, err := c.sinkConfigs(); err != nil {
		return err
	}
	return c.web.check(fs, c.http)
}

// tlsSettings returns what concerns TLS.
func (c *config) tlsSettings() tlsSettings {
	return tlsSettings{c.cert, c.key, c.selfSigned, c.clientCA, c.clientSubjects, c.tlsMin}
}

// dirMode returns the permissions of directories: who may read files may enter
// them.
func (c *config) dirMode() fs.FileMode { return c.fileMode | c.fileMode&0o444>>2 }
