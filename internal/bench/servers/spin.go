package servers

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// Spin is the life of a process that does nothing but use a CPU. It says Hello
// as a server does, and ends as one does.
func Spin(lifetime time.Duration, in io.Reader, out io.Writer) error {
	if err := json.NewEncoder(out).Encode(Hello{
		PID: os.Getpid(), GOMAXPROCS: runtime.GOMAXPROCS(0), NumCPU: runtime.NumCPU(), Status: "spins",
	}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in)
		ended <- err
	}()
	for begin := time.Now(); time.Since(begin) < lifetime; {
		select {
		case err := <-ended:
			return err
		default:
		}
	}
	return fmt.Errorf("still spinning after %v: stopped", lifetime)
}
