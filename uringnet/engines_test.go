package uringnet_test

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
	"github.com/uringnet/go-uringnet/uringnet"
)

// An engineKind is one way of running that has to behave like every other.
type engineKind struct {
	name string
	cfg  uringnet.Config
}

// small keeps the rings of most kinds cheap to make.
func small(cfg uringnet.Config) uringnet.Config {
	if cfg.Rings == 0 {
		cfg.Rings = 1
	}
	if cfg.BufferCount == 0 {
		cfg.BufferCount = 64
	}
	return cfg
}

var engineKinds = []engineKind{
	{"std", uringnet.Config{Fallback: uringnet.FallbackAlways}},
	{"shared", uringnet.Config{}},
	{"shared-2ring", small(uringnet.Config{Rings: 2})},
	{"shared-direct", small(uringnet.Config{Transfer: uringnet.TransferDirect})},
	{"shared-batch", small(uringnet.Config{Transfer: uringnet.TransferBatch})},
	{"shared-ring", small(uringnet.Config{Transfer: uringnet.TransferRing})},
	{"no-io-uring", small(uringnet.Config{Disable: uringnet.FeatIOUring})},
	{"no-coop-taskrun", small(uringnet.Config{Disable: uringnet.FeatCoopTaskrun})},
	{"no-links", small(uringnet.Config{Disable: uringnet.FeatLinks})},
	{"tiny", uringnet.Config{SQEntries: 2, CQEntries: 4, BufferSize: 256, Transfer: uringnet.TransferRing}},
	{"dedicated", uringnet.Config{Mode: uringnet.ModeDedicated}},
	{"dedicated-single", small(uringnet.Config{Mode: uringnet.ModeDedicated, Receive: uringnet.ReceiveSingle})},
	{"dedicated-tiny", uringnet.Config{
		Mode: uringnet.ModeDedicated, Rings: 1, SQEntries: 4, CQEntries: 4, BufferCount: 2, BufferSize: 256, MaxConnBuffers: 1,
	}},
	{"dedicated-nodefer", small(uringnet.Config{Mode: uringnet.ModeDedicated, Disable: uringnet.FeatDeferTaskrun})},
	{"dedicated-batchwait", small(uringnet.Config{Mode: uringnet.ModeDedicated, BatchWait: 100 * time.Microsecond})},
	{"no-provided-buffers", small(uringnet.Config{Mode: uringnet.ModeDedicated, Disable: uringnet.FeatProvidedBuffers})},
	{"no-multishot-accept", small(uringnet.Config{Mode: uringnet.ModeDedicated, Disable: uringnet.FeatMultishotAccept})},
	{"sqpoll", small(uringnet.Config{Mode: uringnet.ModeSQPoll, SQPollIdle: 10 * time.Millisecond})},
	{"sqpoll-multishot", small(uringnet.Config{Mode: uringnet.ModeSQPoll, SQPollIdle: 10 * time.Millisecond, Receive: uringnet.ReceiveMultishot})},
	{"sqpoll-fixedfiles", small(uringnet.Config{Mode: uringnet.ModeSQPoll, SQPollIdle: 10 * time.Millisecond, FixedFiles: 16})}, // more connections than that are ordinary
}

// mainKinds are the kinds that expensive tests run on.
var mainKinds = []string{"std", "shared", "shared-ring", "no-io-uring", "dedicated-tiny", "dedicated", "sqpoll"}

// stdOnly leaves the rings out, so as to prove the tests on package net.
var stdOnly = runtime.GOOS != "linux" || os.Getenv("URINGNET_TEST_STD_ONLY") == "1"

// newEngine makes an engine that runs as cfg says and on nothing else, and
// closes it when the test ends.
func newEngine(t *testing.T, cfg uringnet.Config) *uringnet.Engine {
	t.Helper()
	if stdOnly {
		cfg.Fallback = uringnet.FallbackAlways
	}
	if cfg.Fallback != uringnet.FallbackAlways && !cfg.Disable.Has(uringnet.FeatIOUring) {
		cfg.Fallback = uringnet.FallbackNever
	}
	e, err := uringnet.NewEngine(cfg)
	if err != nil {
		t.Fatalf("NewEngine: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Engine.Close: %v", err)
		}
		// A goroutine that still copies may have a lent buffer for a moment.
		var leaked error
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if leaked = leakedBuffers(e); leaked == nil || time.Now().After(deadline) {
				break
			}
		}
		if leaked != nil {
			t.Error(leaked)
		}
	})
	return e
}

// onStd reports whether the standard library carries an engine's connections.
func onStd(e *uringnet.Engine) bool { return e.Status().Ring.Rings == 0 }

// forEachEngine runs f as a subtest on every kind of engine, each with a
// watchdog and a check that nothing is left when its engine is closed.
func forEachEngine(t *testing.T, f func(t *testing.T, e *uringnet.Engine)) {
	t.Helper()
	for _, k := range engineKinds {
		if k.name == "std" || !stdOnly {
			t.Run(k.name, func(t *testing.T) { runOn(t, k, f) })
		}
	}
}

// forEngines is forEachEngine for the kinds named.
func forEngines(t *testing.T, names []string, f func(t *testing.T, e *uringnet.Engine)) {
	t.Helper()
	for _, k := range engineKinds {
		if slices.Contains(names, k.name) && (k.name == "std" || !stdOnly) {
			t.Run(k.name, func(t *testing.T) { runOn(t, k, f) })
		}
	}
}

func runOn(t *testing.T, k engineKind, f func(t *testing.T, e *uringnet.Engine)) {
	watchdog(t, 2*time.Minute)
	before := leakcheck.Take()
	t.Cleanup(func() {
		if t.Skipped() {
			return
		}
		if err := before.Check(10 * time.Second); err != nil {
			t.Errorf("left behind:\n%v", err)
		}
	})
	f(t, newEngine(t, k.cfg))
}

// watchdog panics with all stacks if the test runs longer than limit.
func watchdog(t *testing.T, limit time.Duration) {
	name := t.Name()
	timer := time.AfterFunc(limit, func() { panic("test hangs: " + name + "\n" + leakcheck.Kernel()) })
	t.Cleanup(func() { timer.Stop() })
}

// TestEngineKinds says what each kind runs on.
func TestEngineKinds(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		t.Log(e.Status())
		name := t.Name()[len("TestEngineKinds/"):]
		if got, want := e.Status().IOUring, name != "std" && name != "no-io-uring"; got != want {
			t.Errorf("Status().IOUring = %v, want %v", got, want)
		}
	})
}
