//go:build linux

package uringnet_test

import (
	"fmt"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// A Buffer that was copied is given back once: what the copy's Release does later
// takes nothing from the buffer's next owner.
func TestCopiedBufferReleasedTwice(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		c, s := pair(t, stackOf(e), "tcp")
		server := s.(lender)
		lend := func(text string) *uringnet.Buffer {
			write(t, c, text)
			b, err := start("ReadBuffer", server.ReadBuffer).wait(t)
			must(t, err)
			if string(b.Bytes()) != text {
				t.Fatalf("ReadBuffer lent %q; want %q", b.Bytes(), text)
			}
			return b
		}
		release := func(what string, b *uringnet.Buffer) {
			defer func() {
				if v := recover(); v != nil {
					t.Fatalf("Release of %s panicked: %v", what, v)
				}
			}()
			b.Release()
		}
		b := lend("first")
		early, late := *b, *b
		release("a buffer", b)
		release("a copy", &early)
		for round := range 200 { // until the buffer has come round
			text := fmt.Sprint("round ", round)
			next := lend(text)
			if round%50 == 0 {
				stale := late
				release("an old copy", &stale)
			}
			write(t, c, "x")
			expect(t, s, "x")
			if string(next.Bytes()) != text {
				t.Fatalf("a lent buffer became %q; want %q", next.Bytes(), text)
			}
			release("a buffer", next)
		}
	})
}
