package main

import (
	"net"

	"github.com/valyala/fasthttp"

	"github.com/uringnet/go-uringnet/uringnet"
)

// startFasthttp serves with fasthttp on the standard library's listener.
func startFasthttp(s *server) (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.fasthttp(ln)
	return ln.Addr().String(), nil
}

// startFasthttpUring serves with fasthttp on uringnet's listener.
func startFasthttpUring(s *server) (string, error) {
	ln, err := uringnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.uring = uringnet.Default().Status()
	s.fasthttp(ln)
	return ln.Addr().String(), nil
}

func (s *server) fasthttp(ln net.Listener) {
	h := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		switch string(ctx.Path()) {
		case "/":
			ctx.SetBodyString(helloPage)
		case "/json":
			ctx.SetContentType("application/json")
			ctx.SetBodyString(jsonPage)
		default:
			ctx.Error("not found", fasthttp.StatusNotFound)
		}
	}}
	go func() { s.stopped(h.Serve(ln)) }()
}
