package uringnet

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/uringnet/go-uringnet/poller"
)

// Engine carries listeners and connections: on rings of its own where
// io_uring can be used, else on the standard library. Its methods may be
// called from several goroutines at once.
type Engine struct {
	cfg       Config
	rings     backend // nil: the standard library
	status    Status
	fallbacks atomic.Uint64
	nextRing  atomic.Uint64 // homes of event-driven connections, in turn
	closed    atomic.Bool
	heapOnce  sync.Once
	heap      *heapBuffers // FixedBuffers on the standard library
	isDefault bool
	unix      sync.Map // weak.Pointer[net.UnixListener] -> nil: see keepUnix
}

// NewEngine makes an Engine. The error is a *poller.ConfigError for a bad
// Config, or, under FallbackNever, the reason why io_uring cannot be used.
func NewEngine(cfg Config) (*Engine, error) {
	e := &Engine{cfg: cfg}
	if err := e.cfg.applyEnv(os.Getenv(EnvVar)); err != nil {
		e.status.EnvError = err.Error()
		e.logger().Warn("uringnet: environment variable ignored", "error", err)
	}
	pc := e.cfg.poller()
	if err := pc.Normalize(runtime.GOMAXPROCS(0)); err != nil {
		return nil, err
	}
	if int(e.cfg.Fallback) >= len(fallbackNames) {
		return nil, &poller.ConfigError{Field: "Fallback", Value: e.cfg.Fallback, Reason: "want FallbackAuto, FallbackNever or FallbackAlways"}
	}
	if e.cfg.Fallback == FallbackAlways {
		e.status.Reason = "switched off by configuration"
		if os.Getenv(EnvVar) == "off" {
			e.status.Reason = "switched off by the environment (" + EnvVar + "=off)"
		}
		return e, nil
	}
	return e, e.start(pc)
}

// start makes the rings, or notes why there are none.
func (e *Engine) start(pc poller.Config) error {
	rings, err := newBackend(pc)
	if err == nil {
		e.rings = rings
		e.status.IOUring = true
		e.status.Ring = rings.Status()
		return nil
	}
	if e.cfg.Fallback == FallbackNever {
		return err
	}
	e.status.Err, e.status.Reason = err, err.Error()
	e.logger().Info("uringnet: running on the standard library", "reason", err)
	return nil
}

func (e *Engine) logger() *slog.Logger {
	if e.cfg.Logger != nil {
		return e.cfg.Logger
	}
	return slog.Default()
}

// backend is what an Engine needs of a poller.Poller.
type backend interface {
	// open puts a descriptor on the rings. It owns sysfd from then on, unless
	// it returns an error.
	open(sysfd int, o poller.FDOptions) (stream, error)
	openFile(name string, flag int, perm fs.FileMode) (ringFile, error)
	fixedBuffers() (FixedBuffers, error)
	runChain(c *Chain) error
	Status() poller.Status
	Counters() []poller.Counters
	Close() error
}

// Status says how the engine runs.
func (e *Engine) Status() Status {
	s := e.status
	if e.rings != nil {
		s.Ring = e.rings.Status() // it may have got buffers for files since
	}
	return s
}

// Stats returns the engine's counters. It is cheap enough to be called often.
func (e *Engine) Stats() Stats {
	s := Stats{Fallbacks: e.fallbacks.Load()}
	if e.rings != nil {
		s.Rings = e.rings.Counters()
		for _, c := range s.Rings {
			s.Total.Add(c)
		}
	}
	return s
}

// Close closes the engine: every listener and connection still on its rings
// is closed, then the rings are. Connections that the standard library
// carries are left alone. A second Close does nothing. The default engine
// belongs to the whole process and is not closed.
func (e *Engine) Close() error {
	if e.isDefault {
		return errDefaultEngine
	}
	if e.closed.Swap(true) || e.rings == nil {
		return nil
	}
	e.closeUnix()
	return e.rings.Close()
}

var errDefaultEngine = errors.New("uringnet: the default engine cannot be closed")

// Default returns the engine of the package functions, made with the zero
// Config on first use. Its Close returns an error and does nothing.
func Default() *Engine { return defaultEngine() }

var defaultEngine = sync.OnceValue(func() *Engine {
	e, err := NewEngine(Config{})
	if err != nil {
		// The zero Config is valid and falls back by itself; only the
		// environment can have asked for fallback=never.
		e = &Engine{cfg: Config{Fallback: FallbackAlways}}
		e.status.Err, e.status.Reason = err, err.Error()
		e.status.EnvError = EnvVar + " forbids the fallback that the default engine needs"
		e.logger().Error("uringnet: io_uring cannot be used", "error", err)
	}
	e.isDefault = true
	return e
})

// bufferSize is the size of a receive buffer.
func (e *Engine) bufferSize() int {
	if n := e.status.Ring.BufferSize; n > 0 {
		return n
	}
	return stdLendSize
}
