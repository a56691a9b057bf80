package poller_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/poller"
)

// The limits of io-wq are set, and the kernel says so.
func TestIOWQLimits(t *testing.T) {
	for _, mode := range []poller.Mode{poller.Shared, poller.Dedicated, poller.SQPoll} {
		t.Run(mode.String(), func(t *testing.T) {
			p := newPoller(t, poller.Config{Rings: 2, Mode: mode, IOWQBounded: 3, IOWQUnbounded: 5})
			if got := p.Status().IOWQ; got != [2]int{3, 5} {
				t.Errorf("Status().IOWQ = %v", got)
			}
		})
	}
}

// The workers run where they were told to.
func TestIOWQAffinity(t *testing.T) {
	var allowed unix.CPUSet
	must(t, unix.SchedGetaffinity(0, &allowed))
	cpu := 0
	for !allowed.IsSet(cpu) {
		cpu++
	}
	for _, mode := range []poller.Mode{poller.Dedicated, poller.SQPoll} {
		t.Run(mode.String(), func(t *testing.T) {
			p := newPoller(t, poller.Config{Rings: 1, Mode: mode, IOWQCPUs: []int{cpu}})
			var major, minor int
			_, err := fmt.Sscanf(p.Status().Kernel, "%d.%d", &major, &minor)
			must(t, err)
			if mode == poller.SQPoll && (major < 6 || major == 6 && minor < 6) {
				return // older kernels set the caller's workers in place of the kernel thread's
			}
			f, err := p.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_RDWR|os.O_CREATE, 0o600)
			must(t, err)
			defer f.Close()
			must(t, f.Sync()) // fsync runs on a worker
			found := 0
			eventually(t, "a worker on its CPU", func() bool {
				found = 0
				for _, cpus := range workerCPUs(t) {
					if cpus == strconv.Itoa(cpu) {
						found++
					}
				}
				return found > 0
			})
		})
	}
}

// workerCPUs returns the affinity of each io-wq worker of this process.
func workerCPUs(t *testing.T) (list []string) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	must(t, err)
	for _, name := range tasks {
		b, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(b), "Name:\tiou-wrk-") {
			continue
		}
		_, rest, _ := strings.Cut(string(b), "Cpus_allowed_list:\t")
		cpus, _, _ := strings.Cut(rest, "\n")
		list = append(list, cpus)
	}
	return list
}

// A setting that cannot be is refused by name.
func TestIOWQConfig(t *testing.T) {
	for field, cfg := range map[string]poller.Config{
		"IOWQCPUs":        {IOWQCPUs: []int{0}}, // shared
		"IOWQBounded":     {IOWQBounded: -1},
		"IOWQUnbounded":   {IOWQUnbounded: 1 << 20},
		"FixedBuffers":    {FixedBuffers: -1},
		"FixedBufferSize": {FixedBufferSize: 1},
		"ZeroCopySend":    {ZeroCopySend: -1},
	} {
		p, err := poller.New(cfg)
		var ce *poller.ConfigError
		if !errors.As(err, &ce) || ce.Field != field {
			t.Errorf("%s: %v", field, err)
		}
		if p != nil {
			p.Close()
		}
	}
}

// Writes and reads of registered buffers are WRITE_FIXED and READ_FIXED.
func TestFixedBuffersAreUsed(t *testing.T) {
	for _, mode := range []poller.Mode{poller.Shared, poller.Dedicated, poller.SQPoll} {
		t.Run(mode.String(), func(t *testing.T) {
			p := newPoller(t, poller.Config{Rings: 2, Mode: mode, FixedBuffers: 4, FixedBufferSize: 8192})
			pool, err := p.FixedBuffers()
			must(t, err)
			if s := p.Status(); !s.FixedRegistered || s.FixedBuffers != 4 || s.FixedBufferSize != 8192 {
				t.Fatalf("status: %v", s)
			}
			f, err := p.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_RDWR|os.O_CREATE, 0o600)
			must(t, err)
			defer f.Close()
			b := pool.Get()
			defer pool.Put(b)
			copy(b, randomBytes(1, len(b)))
			for i := range 10 {
				_, err := f.WriteAt(b[i:], int64(i)*8192)
				must(t, err)
			}
			c := pool.Get()
			defer pool.Put(c)
			_, err = f.ReadAt(c[:8192-9], 9*8192)
			must(t, err)
			if string(c[:8192-9]) != string(b[9:]) {
				t.Error("read back differs")
			}
			if n := p.Counters(); n[0].FixedIO+n[1].FixedIO != 11 {
				t.Errorf("%d and %d transfers of registered buffers, want 11", n[0].FixedIO, n[1].FixedIO)
			}
		})
	}
}
