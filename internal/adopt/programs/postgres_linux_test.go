package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// postgresTries is how many ports are tried: another process may take one first.
const postgresTries = 5

// postgresUser is whom it knows.
const postgresUser = "user=test dbname=postgres sslmode=disable"

// postgres starts a PostgreSQL server of its own and returns where it is, by TCP and by a
// unix socket, as pgx takes it. It skips the test where there is none to start.
func postgres(t *testing.T) (tcp, unix string) {
	t.Helper()
	bin := postgresBin()
	if bin == "" {
		t.Skip("there is no PostgreSQL server: apt-get install postgresql")
	}
	dir, err := os.MkdirTemp("", "postgres-") // t.TempDir's parent is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	owner := postgresOwner(t, dir)
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "test", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	var port string
	for range postgresTries {
		if port, err = startPostgres(t, bin, dir, owner); err == nil {
			at := " port=" + port + " " + postgresUser
			return "host=127.0.0.1" + at, "host=" + dir + at
		}
	}
	t.Fatal(err)
	return "", ""
}

// postgresBin is where the server's programs are, "" if nowhere.
func postgresBin() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	return ""
}

// postgresOwner gives the directory to who the server is to run as: it refuses to be root.
// Nil: as this process does.
func postgresOwner(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Skip(err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid))); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// startPostgres starts the server on a port that was free, and waits until it answers.
func startPostgres(t *testing.T, bin, dir string, owner *syscall.Credential) (port string, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-p", port, "-k", dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Pdeathsig: syscall.SIGQUIT}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := postgresAnswers("host="+dir+" port="+port+" "+postgresUser, ended); err != nil {
		_ = cmd.Process.Kill()
		<-ended
		return "", fmt.Errorf("postgres: %w\n%s", err, log.String())
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // ends its connections too
		<-ended
	})
	return port, nil
}

// postgresAnswers waits until the server does, or has ended.
func postgresAnswers(at string, ended chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var end error
	err := eventually(func() error {
		select {
		case end = <-ended:
			end = fmt.Errorf("it ended: %v", end)
			ended <- end
			return nil
		default:
		}
		c, err := pgx.Connect(ctx, at)
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
	return errors.Join(err, end)
}

// pgxClient asks for the pages of the program pgx.
func pgxClient(addr string, seen func() error) (string, error) {
	var conns [clients]http.Client
	for i := range conns {
		conns[i] = http.Client{Transport: &http.Transport{}, Timeout: patience}
		defer conns[i].CloseIdleConnections()
	}
	get := func(c *http.Client, page string, n int) (string, error) {
		r, err := c.Get(fmt.Sprintf("http://%s/%s?n=%d", addr, page, n))
		if err != nil {
			return "", err
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err == nil && r.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", r.Status, text)
		}
		return page + "\n" + string(text), err
	}
	text, err := together(func(i int) (string, error) {
		var all string
		for _, page := range []string{"", "query", "copy", "cancel", "notify", "query"} {
			text, err := get(&conns[i], page, i)
			if err != nil {
				return "", err
			}
			all += text
		}
		return all, nil
	})
	if err != nil {
		return "", err
	}
	held, err := get(&conns[0], "all", clients)
	if err != nil {
		return "", err
	}
	return text + held, seen()
}
