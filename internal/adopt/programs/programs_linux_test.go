package programs

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A program is a server, with what drives it.
type program struct {
	pkg     string
	args    func(t *testing.T, dir string) []string // nil: none
	addr    func(dir string, said <-chan string) (string, error)
	drive   driver
	sockets int // the least that are to be on the engine; 0: the listener's and the driver's
}

var programs = map[string]program{
	"redcon": {pkg: "./redcon", addr: firstLine, drive: redisClient},
	"grpc":   {pkg: "./health", addr: firstLine, drive: healthClient},
	"nats-server": {
		pkg: "github.com/nats-io/nats-server/v2",
		args: func(_ *testing.T, dir string) []string {
			return []string{"-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", dir}
		},
		addr: natsPorts, drive: natsClient,
	},
	"pgx": {
		pkg: "./pgx",
		args: func(t *testing.T, _ string) []string {
			tcp, _ := postgres(t)
			return []string{tcp}
		},
		addr: firstLine, drive: pgxClient, sockets: 1 + 2*clients,
	},
	"pgx, unix socket": {
		pkg: "./pgx",
		args: func(t *testing.T, _ string) []string {
			_, unix := postgres(t)
			return []string{unix}
		},
		addr: firstLine, drive: pgxClient, sockets: 1 + 2*clients,
	},
}

// Each program gives the same answers whether adopt has built it or go, and its
// connections are the engine's where adopt has.
func TestPrograms(t *testing.T) {
	adopt := filepath.Join(t.TempDir(), "adopt")
	command(t, "../../..", "go", "build", "-o", adopt, "./uringnet/adopt")
	for name, p := range programs {
		t.Run(name, func(t *testing.T) {
			std, ours := filepath.Join(t.TempDir(), "std"), filepath.Join(t.TempDir(), "adopted")
			command(t, ".", "go", "build", "-o", std, p.pkg)
			command(t, ".", adopt, "build", "-o", ours, p.pkg)
			want := p.answers(t, std, "", false)
			for _, env := range []string{"on", "transfer=direct", "off"} {
				if got := p.answers(t, ours, env, env != "off"); got != want {
					t.Errorf("URINGNET=%s: %d bytes of answers are not std's %d:\n%s", env, len(got), len(want), difference(got, want))
				}
			}
		})
	}
}

// TestClients is for adopt test: the clients' own connections are the engine's then. It
// runs behind TestPrograms.
func TestClients(t *testing.T) {
	b, adopted := net.ErrClosed.(interface{ Uringnet() (stamp, stats string) })
	if want := os.Getenv("PROGRAMS_ADOPTED") != ""; adopted != want {
		t.Fatalf("built by adopt: %v, want %v (PROGRAMS_ADOPTED)", adopted, want)
	}
	if !adopted {
		return
	}
	_, stats := b.Uringnet()
	var s struct{ Opened int }
	if err := json.Unmarshal([]byte(stats), &s); err != nil || s.Opened < clients {
		t.Errorf("%v, %s: want %d connections on the engine", err, stats, clients)
	}
}

// difference is the first line that differs.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return g[i] + "\nstd: " + w[i]
		}
	}
	return "one has more lines"
}

// answers starts a program and returns what its driver was told.
func (p program) answers(t *testing.T, path, env string, engine bool) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(path)
	if p.args != nil {
		cmd.Args = append(cmd.Args, p.args(t, dir)...)
	}
	stats := filepath.Join(dir, "stats")
	cmd.Env = append(os.Environ(), "URINGNET="+env, "URINGNET_STATS="+stats)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	said := make(chan string, 1)
	go func() {
		in := bufio.NewScanner(out)
		for first := true; in.Scan(); first = false {
			if first {
				said <- in.Text()
			}
		}
	}()
	addr, err := p.addr(dir, said)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.drive(addr, func() error { return onEngine(stats, max(p.sockets, clients+1), engine) })
	if err != nil {
		t.Fatalf("URINGNET=%s: %v", env, err)
	}
	return text
}

// onEngine waits until the file of URINGNET_STATS says that so many sockets of the program,
// its listener among them, are the engine's; or checks that it says that none is.
func onEngine(path string, sockets int, engine bool) error {
	var s struct {
		On     bool
		Open   int
		Opened int
	}
	err := eventually(func() error {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) && !engine {
			return nil // std's own
		} else if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		if engine && (!s.On || s.Open < sockets) || !engine && (s.On || s.Opened > 0) {
			return fmt.Errorf("%s: want %d sockets on the engine: %v", text, sockets, engine)
		}
		return nil
	})
	return err
}

// eventually polls until f has no error, and returns the last one.
func eventually(f func() error) error {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	return err
}

func firstLine(_ string, said <-chan string) (string, error) {
	select {
	case addr := <-said:
		return addr, nil
	case <-time.After(patience):
		return "", errors.New("the program never said its address")
	}
}

// natsPorts reads the address from the file that nats-server writes.
func natsPorts(dir string, _ <-chan string) (addr string, err error) {
	err = eventually(func() error {
		files, err := filepath.Glob(filepath.Join(dir, "*.ports"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("%q, %v: want one file of ports", files, err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			return err
		}
		var ports struct{ NATS []string }
		if err := json.Unmarshal(text, &ports); err != nil {
			return err
		}
		if len(ports.NATS) == 0 {
			return fmt.Errorf("%s: no port", text)
		}
		addr = strings.TrimPrefix(ports.NATS[0], "nats://")
		return nil
	})
	return addr, err
}

func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
