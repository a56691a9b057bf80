package stdhook

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uringnet/go-uringnet/internal/rt"
	"github.com/uringnet/go-uringnet/poller"
)

// engine is what serves the process's sockets.
var engine struct {
	once sync.Once
	made chan struct{} // made at start, outside of any bubble of testing/synctest
	p    atomic.Pointer[poller.Poller]
	why  atomic.Pointer[string] // why p is nil
	env  atomic.Pointer[string] // what is wrong with URINGNET

	stamp string // written by Start
}

func init() { engine.made = make(chan struct{}, 1) }

// Start is called once, by package net's init, with what starts a goroutine of the
// runtime's own, one that leak checks and bubbles of testing/synctest do not see, and the
// stamp of the build.
func Start(system func(f func()), stamp string) {
	rt.Go, engine.stamp = system, stamp
	if path := os.Getenv("URINGNET_STATS"); path != "" && !privileged() {
		rt.Go(func() { writeStats(path) })
	}
}

// privileged reports whether the program has more rights than whoever has started it, and
// made its environment.
func privileged() bool { return os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() }

// Open returns what is to serve a stream socket, nil if std is to.
func Open(sysfd int) *poller.Foreign {
	engine.once.Do(func() {
		rt.Go(makeEngine)
		<-engine.made
	})
	p := engine.p.Load()
	if p == nil {
		return nil
	}
	f, err := p.OpenForeign(sysfd)
	if err != nil { // the table is full
		return nil
	}
	return f
}

// makeEngine makes the engine, unless the environment says otherwise.
func makeEngine() {
	defer func() { engine.made <- struct{}{} }()
	var cfg poller.Config
	if off := configure(&cfg, os.Getenv("URINGNET")); off {
		engine.why.Store(new("URINGNET=off"))
		return
	}
	p, err := poller.New(cfg)
	if err != nil {
		engine.why.Store(new(err.Error()))
		return
	}
	engine.p.Store(p)
}

// configure reads the value of URINGNET.
func configure(cfg *poller.Config, value string) (off bool) {
	for setting := range strings.SplitSeq(value, ",") {
		if setting == "off" {
			return true
		}
		way, found := strings.CutPrefix(setting, "transfer=")
		if !found {
			continue
		}
		t, err := poller.ParseTransfer(way)
		if err != nil {
			engine.env.Store(new("URINGNET " + value + ": " + err.Error()))
			continue
		}
		cfg.Transfer = t
	}
	return false
}

// state is what Stats says. Package uringnet/adopted reads it.
type state struct {
	Stamp    string          // of the build
	On       bool            // the engine serves sockets, or will
	Reason   string          // why it does not
	EnvError string          // what is wrong with URINGNET
	Engine   string          // the engine in words; "" before the first socket
	Open     uint64          // sockets that it serves
	Opened   uint64          // sockets that it has ever served
	Counters poller.Counters // of all cores together
}

// Stats returns the state in JSON.
func Stats() string {
	s := state{Stamp: engine.stamp, On: true}
	if text := engine.env.Load(); text != nil {
		s.EnvError = *text
	}
	if p := engine.p.Load(); p != nil {
		s.Engine = p.Status().String()
		s.Open, s.Opened = p.Foreigns()
		for _, c := range p.Counters() {
			s.Counters.Add(c)
		}
	} else if why := engine.why.Load(); why != nil {
		s.On, s.Reason = false, *why
	}
	text, _ := json.Marshal(s)
	return string(text)
}

// writeStats keeps a file up to date.
func writeStats(path string) {
	for {
		if err := os.WriteFile(path+".new", append([]byte(Stats()), '\n'), 0o644); err == nil {
			err = os.Rename(path+".new", path)
			if err != nil {
				return
			}
		}
		time.Sleep(time.Second)
	}
}
