package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

// protos are the protocols that there are, in the order they are listed.
var protos = []string{"echo", "sink", "source", "file", "http"}

// start makes a peer listen and serve in the background. It returns where.
type start func(*server) (addr string, err error)

// kind is one way to serve.
type kind struct {
	name    string
	module  string // whose version the status names
	iouring bool
	how     string // how the peer is used, in words
	starts  map[string]start
	// lacks says why a protocol is not in starts.
	lacks map[string]string
}

const (
	noHTTP    = "the library has no HTTP of its own"
	onlyHTTP  = "the library serves HTTP alone"
	noDrained = "the library has no event for an output buffer that has become empty"
)

// kinds are all the ways to serve, and what each has.
func kinds() []kind {
	loops := fmt.Sprintf("%d event loops", runtime.GOMAXPROCS(0))
	return []kind{
		{
			name: "gnet", module: "github.com/panjf2000/gnet/v2", how: loops,
			starts: map[string]start{"echo": startGnet, "sink": startGnet},
			lacks:  map[string]string{"source": noDrained, "file": noDrained, "http": noHTTP},
		},
		{
			name: "netpoll", module: "github.com/cloudwego/netpoll", how: "the default of pollers and goroutines",
			starts: map[string]start{
				"echo": startNetpoll, "sink": startNetpoll, "source": startNetpoll, "file": startNetpoll,
			},
			lacks: map[string]string{"http": noHTTP},
		},
		{
			name: "nbio", module: "github.com/lesismal/nbio", how: loops,
			starts: map[string]start{
				"echo": startNbio, "sink": startNbio, "source": startNbio, "file": startNbio, "http": startNbhttp,
			},
		},
		{
			name: "evio", module: "github.com/tidwall/evio", how: loops,
			starts: map[string]start{"echo": startEvio, "sink": startEvio, "file": startEvio},
			lacks:  map[string]string{"source": noDrained, "http": noHTTP},
		},
		{
			name: "rio", module: "github.com/brickingsoft/rio", iouring: true, how: "one ring, a goroutine for each connection",
			starts: connStarts(listenRio),
		},
		{
			name: "go-uring", module: "github.com/godzie44/go-uring", iouring: true,
			how:    "its net package, a ring for each CPU, a goroutine for each connection",
			starts: connStarts(listenGoUring),
		},
		{
			name: "go-uring-ring", module: "github.com/godzie44/go-uring", iouring: true,
			how:    "its uring package, a ring and a thread for each CPU",
			starts: map[string]start{"echo": startRings, "sink": startRings, "source": startRings, "file": startRings},
			lacks:  map[string]string{"http": noHTTP},
		},
		{
			name: "iouring-go", module: "github.com/iceber/iouring-go", iouring: true,
			how: "its own engine, a ring and a goroutine for each CPU, requests submitted in batches",
			starts: map[string]start{
				"echo": startIouringGo, "sink": startIouringGo, "source": startIouringGo, "file": startIouringGo,
			},
			lacks: map[string]string{"http": noHTTP},
		},
		{
			name: "fasthttp", module: "github.com/valyala/fasthttp", how: "on net.Listen",
			starts: map[string]start{"http": startFasthttp},
			lacks:  map[string]string{"echo": onlyHTTP, "sink": onlyHTTP, "source": onlyHTTP, "file": onlyHTTP},
		},
		{
			name: "fasthttp-uring", module: "github.com/valyala/fasthttp", how: "on uringnet.Listen",
			starts: map[string]start{"http": startFasthttpUring},
			lacks:  map[string]string{"echo": onlyHTTP, "sink": onlyHTTP, "source": onlyHTTP, "file": onlyHTTP},
		},
	}
}

// find returns the kind with a name, and how it starts to serve a protocol.
func find(name, proto string) (kind, start, error) {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
		if k.name != name {
			continue
		}
		if s := k.starts[proto]; s != nil {
			return k, s, nil
		}
		if reason := k.lacks[proto]; reason != "" {
			return k, nil, &unsupportedError{name, proto, reason}
		}
		return k, nil, fmt.Errorf("unknown protocol %q (one of %v)", proto, protos)
	}
	return kind{}, nil, fmt.Errorf("unknown kind %q (one of %v)", name, names)
}

// listKinds writes a line for each kind: its name, version and protocols.
func listKinds(w io.Writer) {
	for _, k := range kinds() {
		var has []string
		for _, p := range protos {
			if k.starts[p] != nil {
				has = append(has, p)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.name, k.version(), strings.Join(has, ","))
	}
}

// version is the module of the peer and the version that was built in.
func (k kind) version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return k.module + " (version unknown)"
	}
	for _, m := range info.Deps {
		if m.Path == k.module {
			return k.module + " " + m.Version
		}
	}
	return k.module + " (version unknown)"
}
