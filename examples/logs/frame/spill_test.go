package frame

import (
	"strings"
	"testing"
)

// TestSpill: what is spilled and what follows make up the message, and an idle
// Splitter has no buffer.
func TestSpill(t *testing.T) {
	for _, c := range []struct {
		name, head, end string
		cut             bool
	}{
		{"line", "<1>", "\n", false},
		{"line that ends in NUL", "<1>", "\x00", false},
		{"counted", "4000 <1>", "", false},
		{"counted and cut", "9000 <1>", y(5000), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSplitter(4000)
			var msgs, text string
			refuse := false
			emit := func(msg []byte) bool {
				if refuse {
					return false
				}
				text += string(msg)
				msgs += map[bool]string{true: "+", false: "."}[s.More]
				if s.Cut != (c.cut && !s.More) {
					t.Errorf("cut: %v", s.Cut)
				}
				return true
			}
			s.Feed([]byte(c.head), emit)
			for range 3 {
				s.Feed([]byte(y(999)), emit)
				if s.Held() < 999 {
					t.Errorf("%d bytes held", s.Held())
				}
				refuse = !refuse
				s.Spill(emit)
				if refuse {
					refuse = false
					s.Feed(nil, emit)
				}
				if s.Held() != 0 || !s.Unfinished() {
					t.Errorf("%d bytes held after Spill, unfinished: %v", s.Held(), s.Unfinished())
				}
			}
			s.Feed([]byte(y(1000)+c.end), emit)
			if s.Held() != 0 || s.Unfinished() {
				t.Errorf("%d bytes held after the end, unfinished: %v", s.Held(), s.Unfinished())
			}
			if want := "<1>" + y(3997); text != want {
				t.Errorf("%d bytes, want %d", len(text), len(want))
			}
			if msgs != "+++." {
				t.Errorf("messages: %s", msgs)
			}
		})
	}
}

// TestCutOff: what there is comes marked cut, once, and what follows is a new
// message.
func TestCutOff(t *testing.T) {
	for in, want := range map[string]string{
		"<1>half a line": "<1>half a line|cut", "20 <1>half": "<1>half|cut", "50": "50|cut", "whole\n": "whole",
		"tail\x00": "tail|cut", "200 <" + y(150): "<" + y(99) + "|cut",
	} {
		s := NewSplitter(100)
		var r result
		emit := func(msg []byte) bool { r.add(msg, s.Cut, s.More); return true }
		s.Feed([]byte(in), emit)
		s.CutOff(emit)
		s.CutOff(emit)
		if s.Unfinished() {
			t.Errorf("%q is unfinished", in)
		}
		s.Feed([]byte("next\n"), emit)
		if err := s.End(emit); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if got := strings.Join(r.msgs, ","); got != want+",next" {
			t.Errorf("%q: got %q, want %q and the next", in, got, want)
		}
	}
}
