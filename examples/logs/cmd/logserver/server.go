package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/internal/systemd"
	"github.com/uringnet/go-uringnet/examples/logs/sink"
	"github.com/uringnet/go-uringnet/examples/logs/stats"
	"github.com/uringnet/go-uringnet/examples/logs/store"
	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// server receives logs until it is stopped.
type server struct {
	cfg     config
	log     *slog.Logger
	keys    *keyring // nil: no TLS listeners
	limits  limits
	applied map[string]string // the settings in use; for reload
	stats   *stats.Stats
	engine  *uringnet.Engine
	store   *store.Store
	intake  *intake.Server
	ringFS  *ringFS // nil: files by the standard library
	files   string  // how files are written, in words
	sinks   []*sink.Sink
	began   time.Time

	listeners   []*listener
	packets     []*packetSocket
	web         *http.Server // nil: none
	webListener net.Listener
	webAddr     net.Addr
	logs        *logService // nil without web
	history     history

	failed   chan error    // gets the first error that ends the server
	stopping chan struct{} // closed when it is being stopped
	cancel   context.CancelFunc
	running  sync.WaitGroup // everything but connections

	open       atomic.Int64 // connections admitted and not gone
	idleClosed atomic.Uint64
	watching   atomic.Bool // connections note when they are active
	complain   cli.Complaints

	mu       sync.Mutex
	conns    map[connection]bool // whether finish was called
	draining bool
	drained  chan struct{} // closed when draining and no connection is left
}

// start makes a server and begins to receive.
func start(cfg config, log *slog.Logger) (*server, error) {
	s := &server{
		cfg:      cfg,
		log:      log,
		stats:    new(stats.Stats),
		began:    time.Now(),
		failed:   make(chan error, 1),
		stopping: make(chan struct{}),
		complain: cli.Complaints{Log: log},
		applied:  map[string]string{},
		conns:    map[connection]bool{},
		drained:  make(chan struct{}),
	}
	maps.Copy(s.applied, cfg.values)
	if dir, err := filepath.Abs(cfg.dir); err == nil {
		s.cfg.dir = dir // says more
	}
	if err := s.prepare(); err != nil {
		_ = s.release()
		return nil, err
	}
	s.run()
	return s, nil
}

// prepare opens whatever may fail.
func (s *server) prepare() (err error) {
	if pid := lockOwner(filepath.Join(s.cfg.dir, "lock")); pid != 0 {
		return fmt.Errorf("-dir %q: the directory is in use%s", s.cfg.dir, by(pid))
	}
	if s.cfg.usesTLS() {
		if s.keys, err = newKeyring(s.cfg.tlsSettings()); err != nil {
			return err
		}
	}
	s.setLimits(s.cfg)
	if err = s.startEngine(); err != nil {
		return err
	}
	// Addresses come first: a server that finds one taken has made no files yet.
	if err = s.listen(); err != nil {
		return err
	}
	if err = s.listenWeb(); err != nil {
		return err
	}
	if err = s.openStore(); err != nil {
		return err
	}
	s.intake = intake.New(intake.Config{
		Store: s.store, Stats: s.stats, MaxLine: int(s.cfg.maxLine),
		Budget: int64(s.cfg.bufferMemory), LineTimeout: s.cfg.lineTimeout, JSON: &s.cfg.json,
		Refused: func(err error) { s.complain.Warn("logserver: bad input", "error", err) },
	})
	return nil
}

// startEngine makes what carries the connections.
func (s *server) startEngine() error {
	mode, err := poller.ParseMode(s.cfg.drive)
	if err != nil {
		return err
	}
	c := uringnet.Config{
		Mode:            mode,
		FixedBuffers:    s.cfg.bufferCount(),
		FixedBufferSize: int(s.cfg.batchSize),
		Logger:          s.log,
	}
	if mode == uringnet.ModeDedicated {
		c.BatchWait = s.cfg.wait
	}
	if s.cfg.mode == modeConns && mode != uringnet.ModeShared {
		// Goroutines may fall behind what multishot receives bring: a connection
		// is to hold one buffer, and its peer to wait.
		c.Receive = uringnet.ReceiveSingle
	}
	s.engine, err = uringnet.NewEngine(c)
	var bad *poller.ConfigError
	if errors.As(err, &bad) && bad.Field == "BatchWait" { // the environment has another mode
		c.BatchWait = 0
		s.engine, err = uringnet.NewEngine(c)
	}
	return err
}

// openStore opens the directory of segments.
func (s *server) openStore() (err error) {
	o := store.Options{
		Dir:          s.cfg.dir,
		SegmentSize:  int64(s.cfg.segmentSize),
		SegmentAge:   s.cfg.segmentAge,
		Durability:   s.cfg.durability.Durability,
		Interval:     s.cfg.interval,
		Compress:     s.cfg.compress,
		BatchSize:    int(s.cfg.batchSize),
		Batches:      s.cfg.batches,
		BatchDelay:   s.cfg.batchDelay,
		Lanes:        s.cfg.lanes,
		CloseTimeout: max(s.cfg.grace/8, 100*time.Millisecond), // see drain
		Stats:        s.stats,
		Logger:       s.log,
		FileMode:     s.cfg.fileMode,
		DirMode:      s.cfg.dirMode(),
		Gid:          s.cfg.group.gid,
		KeepAge:      s.cfg.keepAge,
		KeepSize:     int64(s.cfg.keepSize),
		KeepFree:     int64(s.cfg.keepFree),
	}
	if s.ringFS, s.files, err = chooseFiles(s.engine, s.cfg.files, s.cfg.durability.Durability == store.Group); err != nil {
		return err
	}
	if s.ringFS != nil {
		o.FS = s.ringFS
	}
	if o.Held, err = s.makeSinks(); err != nil {
		return err
	}
	if s.store, err = store.Open(o); err != nil {
		return fmt.Errorf("-dir %q: %w", s.cfg.dir, err)
	}
	return s.startSinks()
}

// listenWeb opens the address of the page and the metrics. It is package net's:
// the engine's counters are for logs.
func (s *server) listenWeb() error {
	ln, err := s.openWeb()
	if ln == nil {
		return err
	}
	c, err := s.cfg.web.tls()
	if err == nil {
		s.logs, err = newLogService(s.cfg.dir, cmp.Or(s.cfg.http, ln.Addr().String()), s.cfg.web)
	}
	if err != nil {
		_ = ln.Close()
		return err
	}
	if err := s.cfg.web.mayServe(s.cfg.http, ln.Addr()); err != nil {
		_ = ln.Close()
		return err
	}
	s.webListener, s.webAddr = ln, ln.Addr()
	s.web = &http.Server{
		Handler: s.handler(), TLSConfig: c, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // of clients: they could fill the log
	}
	return nil
}

// openWeb opens the listener of the page; nil: there is none.
func (s *server) openWeb() (net.Listener, error) {
	if passed := s.cfg.named("http"); len(passed) > 0 { // one is enough
		ln, err := net.FileListener(passed[0].File)
		if err != nil {
			return nil, passedError("http", err)
		}
		return ln, nil
	}
	if s.cfg.http == "" {
		return nil, nil
	}
	ln, err := net.Listen("tcp", s.cfg.http)
	if err != nil {
		return nil, listenError("http", "tcp", s.cfg.http, err)
	}
	return ln, nil
}

// serveWeb answers requests for the page and the metrics.
func (s *server) serveWeb() {
	serve := s.web.Serve
	if s.cfg.web.cert != "" {
		serve = func(ln net.Listener) error { return s.web.ServeTLS(ln, "", "") }
	}
	if err := serve(s.webListener); !errors.Is(err, http.ErrServerClosed) {
		s.fail(err)
	}
}

// run starts the goroutines that live as long as the server.
func (s *server) run() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.running.Go(func() { s.history.run(ctx, s.stats) })
	if s.cfg.idle > 0 {
		s.watching.Store(true)
		s.running.Go(func() { s.watchIdle(ctx) })
	}
	if s.cfg.lineTimeout > 0 {
		s.running.Go(func() { s.watchLines(ctx) })
	}
	if s.web != nil {
		s.running.Go(s.serveWeb)
	}
	if s.keys != nil {
		s.running.Go(func() { s.watchKeys(ctx, s.cfg.certPoll) })
	}
	if period := systemd.WatchdogPeriod(); period > 0 {
		s.running.Go(func() { s.watchdog(ctx, period) })
	}
	for _, l := range s.listeners {
		s.running.Go(func() { s.accept(l) })
	}
	for _, p := range s.packets {
		s.running.Go(func() { s.receive(p) })
	}
}

// announce prints how the server runs and where it listens, a line for each
// listener: "listening KIND ADDRESS", and "ready". Programs read these lines.
func (s *server) announce(out io.Writer) {
	fmt.Fprintf(out, "engine %v\n", s.engine.Status())
	fmt.Fprintf(out, "storing in %s, durability %v, files by %s\n", s.cfg.dir, s.cfg.durability.Durability, s.files)
	for _, l := range s.listeners {
		fmt.Fprintf(out, "listening %s %s\n", l.kind, l.ln.Addr())
	}
	for _, p := range s.packets {
		fmt.Fprintf(out, "listening %s %s\n", p.kind, p.conn.LocalAddr())
	}
	if s.web != nil {
		fmt.Fprintf(out, "listening %s %s\n", s.webScheme(), s.webAddr)
		fmt.Fprintf(out, "live page %s://%s/\n", s.webScheme(), s.webAddr)
	}
	s.announceSinks(out)
	fmt.Fprintln(out, "ready")
}

func (s *server) webScheme() string {
	if s.cfg.web.cert != "" {
		return "https"
	}
	return "http"
}

// fail notes an error that the server cannot go on with.
func (s *server) fail(err error) {
	select {
	case s.failed <- err:
	default: // the first is told
	}
}

// stop ends the server: no more connections are taken, those that are open may
// finish within the grace, and everything received is stored.
func (s *server) stop() error {
	close(s.stopping)
	s.closeListeners()
	s.stopPackets()
	s.drain()
	return s.release()
}

// release gives back whatever was opened.
func (s *server) release() error {
	var errs []error
	if s.cancel != nil {
		s.cancel()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
		if s.draining {
			s.awaitDrained() // the store's Close has woken those that waited for it
		}
	}
	errs = append(errs, s.stopSinks())
	if s.ringFS != nil {
		s.ringFS.release()
	}
	s.closeListeners()
	s.closePackets()
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.web != nil {
		errs = append(errs, s.web.Close())
		_ = s.webListener.Close() // the server has it only if it began
		s.logs.close()
	}
	s.running.Wait()
	return errors.Join(errs...)
}
