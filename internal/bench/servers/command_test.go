package servers

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"
)

func TestFlagsAreReadBack(t *testing.T) {
	for _, want := range []Options{
		{Kind: "std", Proto: "echo", Buf: 4096, Lifetime: defaultLifetime},
		{
			Kind: "uring", Proto: "http", Addr: "127.0.0.1:1", Buf: 7, Work: time.Millisecond, File: "a b",
			CPUProfile: "c", Lifetime: time.Second,
		},
	} {
		args := Flags(want)
		if args[0] != "serve" {
			t.Errorf("the command is %q", args[0])
		}
		if got, err := parse("test", args[1:]); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", args, got, err, want)
		}
	}
	if got, err := parse("test", Flags(Options{})[1:]); err != nil || got.Lifetime != defaultLifetime {
		t.Errorf("without flags: %+v, %v", got, err)
	}
	if _, err := parse("test", []string{"more"}); err == nil {
		t.Error("an argument too many: no error")
	}
}

func TestRunListensWhereTold(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	o := Options{Kind: "std", Proto: "echo", Addr: addr, Buf: 64, Lifetime: time.Minute}
	var out bytes.Buffer
	if err := Run(o, strings.NewReader(""), &out); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("on a port in use: %v", err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Run(o, strings.NewReader(""), &out); err != nil {
		t.Fatal(err)
	}
	var h Hello
	if err := json.Unmarshal(out.Bytes(), &h); err != nil || h.Addr != addr {
		t.Errorf("%+v, %v; want %s", h, err, addr)
	}
}
