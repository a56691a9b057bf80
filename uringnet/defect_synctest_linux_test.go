package uringnet_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"

	"github.com/uringnet/go-uringnet/uringnet"
)

// bubbleEnv is set where TestBubble runs as a process of its own.
const bubbleEnv = "URINGNET_TEST_BUBBLE"

// A bubbleBody is what a program does inside a bubble of testing/synctest. It
// returns what it saw, for comparison.
type bubbleBody struct {
	name string
	run  func(t *testing.T, b bubble) []string
}

// A bubble is what a body runs on: package net with an engine on the standard
// library, or an engine that was there before the bubble.
type bubble struct {
	stack
	eng *uringnet.Engine
	dir string
}

// bubbleKinds are mainKinds and the engine that has no owner.
var bubbleKinds = append([]string{"default"}, mainKinds...)

// Where the engine exists before the bubble, connections, files, chains and
// events inside it do what they do on the standard library. (The runtime ends a
// process that touches a bubble's channels from outside: each body has one of
// its own.)
func TestDefectSynctest(t *testing.T) {
	for _, body := range bubbleBodies {
		t.Run(body.name, func(t *testing.T) {
			for _, kind := range bubbleKinds {
				if stdOnly && kind != "std" {
					continue
				}
				t.Run(kind, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
					defer cancel()
					cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestBubble$/^"+body.name+"$")
					cmd.Env = append(os.Environ(), bubbleEnv+"=1", kindEnv+"="+kind, "GORACE=atexit_sleep_ms=0")
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, tail(out))
					}
				})
			}
		})
	}
}

// TestBubble is the child of TestDefectSynctest.
func TestBubble(t *testing.T) {
	if os.Getenv(bubbleEnv) == "" {
		return
	}
	std := newEngine(t, uringnet.Config{Fallback: uringnet.FallbackAlways})
	e := uringnet.Default()
	if kind := os.Getenv(kindEnv); kind != "default" {
		cfg, err := childKind()
		must(t, err)
		e = newEngine(t, cfg)
	}
	for _, body := range bubbleBodies {
		t.Run(body.name, func(t *testing.T) {
			watchdog(t, patience)
			dir := t.TempDir()
			inBubble := func(s stack, eng *uringnet.Engine) (lines []string) {
				synctest.Test(t, func(t *testing.T) { lines = body.run(t, bubble{s, eng, dir}) })
				return lines
			}
			want := inBubble(stdStack, std)
			if len(want) == 0 {
				t.Fatal("the body says nothing")
			}
			compareLines(t, inBubble(stackOf(e), e), want)
			compareLines(t, inBubble(stackOf(e), e), want) // in a second bubble
		})
	}
}
