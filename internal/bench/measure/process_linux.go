package measure

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/bench/servers"
)

// answerLimit is how long a server may take to start, to answer a command,
// and to end.
const answerLimit = 10 * time.Second

// process is a running server.
type process struct {
	hello servers.Hello
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan []byte // of its standard output; closed at the end of it
}

// startProcess starts cmd on the CPUs of set and waits until it listens.
func startProcess(cmd *exec.Cmd, set unix.CPUSet) (*process, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(cmd, set); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, lines: make(chan []byte, 16)}
	go p.readLines(stdout)
	if err := p.answer(&p.hello); err != nil {
		_ = p.end()
		if reason := p.unsupported(); reason != "" {
			return nil, &Unsupported{Reason: reason}
		}
		return nil, p.explain(fmt.Errorf("%s: %w", NotStarted, err))
	}
	return p, nil
}

// exitUnsupported is the code with which a server ends that has no such
// protocol; it then also writes "unsupported: why" to its standard error.
const exitUnsupported = 3

// unsupported says why the server, which has ended, does not have the
// protocol; "" if that is not why it ended.
func (p *process) unsupported() string {
	s, ok := p.cmd.Stderr.(fmt.Stringer)
	if !ok || p.cmd.ProcessState == nil || p.cmd.ProcessState.ExitCode() != exitUnsupported {
		return ""
	}
	_, reason, found := strings.Cut(s.String(), "unsupported:")
	if !found {
		return ""
	}
	reason, _, _ = strings.Cut(reason, "\n")
	return strings.TrimSpace(reason)
}

// startOn starts cmd so that it has the affinity set from its first
// instruction: a child inherits that of the thread that makes it.
func startOn(cmd *exec.Cmd, set unix.CPUSet) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	return errors.Join(cmd.Start(), os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &old)))
}

func (p *process) readLines(r io.Reader) {
	defer close(p.lines)
	s := bufio.NewScanner(r)
	for s.Scan() {
		p.lines <- append([]byte(nil), s.Bytes()...)
	}
}

// answer reads one line of JSON into v.
func (p *process) answer(v any) error {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return errors.New("the server ended")
		}
		return json.Unmarshal(line, v)
	case <-time.After(answerLimit):
		return fmt.Errorf("no answer within %v", answerLimit)
	}
}

// counters asks the server for the engine's counters.
func (p *process) counters() (map[string]uint64, error) { return p.ask("stats") }

// ask gives the server a command.
func (p *process) ask(word string) (map[string]uint64, error) {
	if _, err := io.WriteString(p.stdin, word+"\n"); err != nil {
		return nil, err
	}
	m := map[string]uint64{}
	return m, p.answer(&m)
}

// explain adds what the server wrote to its standard error, if that was kept.
// The server must have ended.
func (p *process) explain(err error) error {
	if s, ok := p.cmd.Stderr.(fmt.Stringer); ok && s.String() != "" {
		return fmt.Errorf("%w\nserver %d wrote:\n%s", err, p.hello.PID, s)
	}
	return err
}

// stop ends the server and says so if it ended badly.
func (p *process) stop() {
	if err := p.end(); err != nil {
		fmt.Fprintf(os.Stderr, "server %d: %v\n", p.hello.PID, err)
	}
}

// end ends the server by closing its input, and kills it if that does not.
func (p *process) end() error {
	_ = p.stdin.Close()
	timer := time.AfterFunc(answerLimit, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	for range p.lines { // Wait must not come before the end of the output
	}
	return p.cmd.Wait()
}

// kill ends a server that is stuck.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.end()
}
