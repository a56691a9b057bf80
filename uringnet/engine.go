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

// Engine carries listeners and connections: with rings of its own where
// io_uring can be used, without them elsewhere on Linux, and on the standard library on
// other systems. Its methods may be
// called from several goroutines at once.
type Engine struct {
	cfg       Config
	rings     backend // nil: the standard library
	status    Status
	fallbacks atomic.Uint64
	nextRing  atomic.Uint32 // homes of event-driven connections, in turn
	closed    atomic.Bool
	heapOnce  sync.Once
	heap      *heapBuffers // FixedBuffers on the standard library
	isDefault bool
	unix      sync.Map // weak.Pointer[net.UnixListener] -> nil: see keepUnix
}

// NewEngine makes an Engine. The error is a *poller.ConfigError for a bad
// Config, or, under FallbackNever, the reason why io_uring cannot be used; there is no
// Engine then.
func NewEngine(cfg Config) (*Engine, error) {
	e := &Engine{cfg: cfg}
	if err := applyEnv(&e.cfg, os.Getenv(EnvVar)); err != nil {
		e.status.EnvError = err.Error()
		e.logger().Warn("uringnet: environment variable ignored", "error", err)
	}
	pc := e.cfg
	if err := pc.Normalize(runtime.GOMAXPROCS(0)); err != nil {
		return nil, err
	}
	if e.cfg.Fallback == FallbackAlways {
		e.status.Reason = "switched off by configuration"
		if os.Getenv(EnvVar) == "off" {
			e.status.Reason = "switched off by the environment (" + EnvVar + "=off)"
		}
		return e, nil
	}
	if err := e.start(pc); err != nil {
		return nil, err
	}
	return e, nil
}

// start makes the rings and loops, or notes why there are none.
func (e *Engine) start(pc Config) error {
	rings, err := newBackend(pc)
	if err == nil {
		e.rings = rings
		st := rings.Status()
		e.status.IOUring, e.status.Ring, e.status.Reason, e.status.Err = st.IOUring, st, st.Reason, st.Err
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
	InUse() poller.InUse
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
		s.Rings, s.InUse = e.rings.Counters(), e.rings.InUse()
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

// files reports whether files and chains run on rings.
func (e *Engine) files() bool { return e.rings != nil && e.status.IOUring }

// bufferSize is the size of a receive buffer.
func (e *Engine) bufferSize() int {
	if n := e.status.Ring.BufferSize; n > 0 {
		return n
	}
	return stdLendSize
}
