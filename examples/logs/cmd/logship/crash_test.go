package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// script is a rotation in steps. Its lines are named by the file they are in.
type script struct {
	t    *testing.T
	file string
	n    int
	want []string
}

// put appends lines of a file, wherever it is now.
func (s *script) put(path, name string) {
	for range 3 {
		s.n++
		line := fmt.Sprintf("%s %d, long enough to tell copies by", name, s.n)
		s.want = append(s.want, line)
		appendTo(s.t, path, line+"\n")
	}
}

func (s *script) steps() []func() {
	f := s.file
	return []func(){
		func() { s.put(f, "a") },
		func() { rename(s.t, f, f+".1") },
		func() { s.put(f+".1", "a") }, // before there is a new one
		func() { appendTo(s.t, f, "") },
		func() { s.put(f+".1", "a") }, // the new one is empty
		func() { s.put(f, "b") },
		func() { s.put(f+".1", "a") }, // late
		func() { rename(s.t, f+".1", f+".2"); rename(s.t, f, f+".1") },
		func() { s.put(f, "c") },
		func() { s.put(f+".1", "b") }, // late
		func() { copyFile(s.t, f, f+".0") },
		func() {
			if err := os.Truncate(f, 0); err != nil {
				s.t.Fatal(err)
			}
		},
		func() { s.put(f, "d") },
		func() { s.put(f, "d") },
	}
}

// check fails if the receiver does not have each line, in order for each file.
func (s *script) check(r *receiver, exactly bool, how string) {
	s.t.Helper()
	got := r.got()
	byFile := func(lines []string, name string) (of []string) {
		for _, l := range lines {
			if strings.HasPrefix(l, name) {
				of = append(of, l)
			}
		}
		return of
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		if g, w := byFile(got, name), byFile(s.want, name); !slices.Equal(g, w) {
			s.t.Fatalf("%s: got %q, want %q", how, g, w)
		}
	}
	if all := r.all(); exactly && len(all) != len(s.want) {
		s.t.Fatalf("%s: lines came twice: %q", how, all)
	}
}

// TestCrash stops logship before each step of a rotation and starts it again
// after each of those that follow. With the positions that it saved when it was
// stopped each line comes once. With those of the step before, which is what there
// is if it was killed, each line comes, and in order.
func TestCrash(t *testing.T) {
	steps := len((&script{}).steps())
	for from := 1; from < steps; from++ { // a file that was never seen is begun anew
		for to := from; to <= steps; to++ {
			for _, killed := range []bool{false, true} {
				how := fmt.Sprintf("stopped before step %d, started before %d, killed %v", from, to, killed)
				t.Run(fmt.Sprint(from, "-", to, "-", killed), func(t *testing.T) { crash(t, from, to, killed, how) })
			}
		}
	}
}

func crash(t *testing.T, from, to int, killed bool, how string) {
	file, state := logFile(t)
	r := newReceiver(t, protoRELP, nil).start()
	s := &script{t: t, file: file}
	start := func() *running {
		return begin(t, nil, "-to", r.addr(), "-file", file, "-state", state, "-rotate-wait=1m", "-progress=0", "-poll=1ms")
	}
	var saved []byte
	var l *running
	defer func() {
		if t.Failed() && l != nil {
			t.Logf("%s; it said: %s; got %q", how, l.stderr.String(), r.all())
		}
	}()
	l = start()
	for i, step := range s.steps() {
		if i == from {
			l.terminate()
			if killed && saved != nil {
				if err := os.WriteFile(state, saved, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i == to {
			l = start()
		}
		step()
		if i < from || i >= to {
			r.waitGot(len(s.want))
		}
		if i == from-2 && killed {
			// What is saved now is old when it is stopped.
			l.terminate()
			saved, _ = os.ReadFile(state)
			l = start()
		}
	}
	if to == len(s.steps()) {
		l = start()
	}
	r.waitGot(len(s.want))
	l.terminate()
	s.check(r, !killed, how)
}
