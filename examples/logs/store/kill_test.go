package store

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The environment of the child that TestKill starts.
const (
	childDir  = "LOG_STORE_CHILD_DIR"
	childMode = "LOG_STORE_CHILD_MODE" // an index into modes, and the round
)

// child appends until it is killed, and writes what is acknowledged to its
// standard output: the name of a producer and how many of its messages.
func child(dir, mode string) {
	index, round, _ := strings.Cut(mode, " ")
	i, err := strconv.Atoi(index)
	if err != nil {
		log.Fatal(err)
	}
	o := modes[i]
	o.Dir, o.Lanes, o.BatchSize, o.SegmentSize = dir, 2, 8<<10, 256<<10
	s, err := Open(o)
	if err != nil {
		log.Fatal(err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 2 {
		name := fmt.Sprintf("round%s-lane%d", round, i)
		wg.Go(func() { childLane(s.Lane(i), name, &mu) })
	}
	wg.Wait()
}

// childLane appends messages in batches of ten.
func childLane(l *Lane, name string, mu *sync.Mutex) {
	var counted int
	var at sync.Mutex
	upTo := map[uint64]int{} // by batch: messages appended with it, at most
	report := waiterFunc(func(seq uint64, err error) {
		if err != nil {
			return
		}
		at.Lock()
		n := upTo[seq]
		delete(upTo, seq)
		at.Unlock()
		mu.Lock()
		fmt.Printf("%s %d\n", name, n)
		mu.Unlock()
	})
	var last uint64
	for {
		l.Begin()
		ok := true
		at.Lock()
		for k := 0; k < 10 && ok; k++ {
			var seq uint64
			msg := fmt.Appendf(nil, "%s %d %s", name, counted, strings.Repeat("x", counted%200))
			if seq, ok = l.Append(Meta{}, msg); ok {
				if seq != last {
					l.Await(seq, report)
					last = seq
				}
				counted++
				upTo[seq] = counted
			}
		}
		at.Unlock()
		l.End()
		if !ok && l.Wait() != nil {
			return
		}
	}
}

// A process that is killed under load loses nothing that it acknowledged, and
// the next one goes on in the same directory.
func TestKill(t *testing.T) {
	for i, o := range modes {
		name := o.Durability.String()
		if o.Compress {
			name += "-zstd"
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			acked := map[string]int{}
			for round := range 3 {
				killChild(t, dir, fmt.Sprint(i, " ", round), acked)
				s := open(t, Options{Dir: dir}) // recovers
				closeStore(t, s)
				got, err := messages(dir)
				if err != nil {
					t.Errorf("scan after round %d: %v", round, err)
				}
				check(t, got, acked)
			}
			if len(acked) != 6 {
				t.Errorf("acknowledged: %v, want 2 lanes in each of 3 rounds", acked)
			}
		})
	}
}

// killChild runs a child, kills it under load, and notes what it acknowledged.
func killChild(t *testing.T, dir, mode string, acked map[string]int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childDir+"="+dir, childMode+"="+mode)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stop.Stop()
	seen := map[string]bool{}
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // killed; an unfinished line is nothing
		}
		var name string
		var count int
		if _, err := fmt.Sscanf(line, "%s %d", &name, &count); err != nil {
			t.Fatalf("the child said %q", line)
		}
		acked[name] = max(acked[name], count)
		if seen[name] = true; n >= 100 && len(seen) == 2 {
			cmd.Process.Kill()
		}
	}
	io.Copy(io.Discard, out)
	cmd.Wait()
	if stderr.Len() > 0 {
		t.Errorf("the child said: %s", &stderr)
	}
}
