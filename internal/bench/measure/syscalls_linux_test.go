package measure

import (
	"os/exec"
	"testing"
)

// TestCounters counts the system calls of a process that makes a known
// number of them: dd reads and writes a byte at a time.
func TestCounters(t *testing.T) {
	counters := []Counter{&straceCounter{}}
	if id, err := tracepointID(); err == nil {
		counters = append(counters, &perfCounter{id: id})
	}
	for _, c := range counters {
		t.Run(c.String(), func(t *testing.T) { countDD(t, c) })
	}
}

func countDD(t *testing.T, c Counter) {
	const blocks = 1000
	cmd := exec.Command("dd", "bs=1", "of=/dev/null")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	stop, err := c.Start(cmd.Process.Pid)
	if err != nil {
		_ = in.Close()
		_ = cmd.Wait()
		t.Skip(err) // neither is allowed everywhere
	}
	_, err = in.Write(make([]byte, blocks))
	if err != nil {
		t.Error(err)
	}
	_ = in.Close()
	_ = cmd.Wait() // a count outlives the process
	n, err := stop()
	if err != nil {
		t.Fatal(err)
	}
	if n < 2*blocks || n > 3*blocks {
		t.Errorf("%d system calls counted for %d reads and writes", n, 2*blocks)
	}
}
