// Logserver receives logs over TCP, TLS, unix sockets and RELP, and stores them
// in segment files: syslog (RFC 5424, RFC 3164) in lines or octet-counted (RFC
// 6587), and any other line. It shows what it does on the terminal, on a live
// page and to Prometheus.
//
//	go run ./examples/logs/cmd/logserver -tcp 127.0.0.1:5514 -relp 127.0.0.1:5515
//	logger -T -n 127.0.0.1 -P 5514 hello
//	go run ./examples/logs/cmd/logserver cat logs        (prints what is stored)
//	go run ./examples/logs/cmd/logserver check logs      (verifies every block)
//
// Its connections run on io_uring where that is there, on the standard library
// elsewhere; -h lists the flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var err error
	switch {
	case len(args) > 0 && args[0] == "cat":
		err = runCat(args[1:], stdout, stderr)
	case len(args) > 0 && args[0] == "check":
		err = runCheck(args[1:], stdout)
	default:
		err = serve(args, stdout, stderr)
	}
	if errors.Is(err, flag.ErrHelp) {
		usage(stdout)
	}
	return cli.Exit(printable{stderr}, "logserver", err)
}

// serve receives logs until a signal or an error ends that.
func serve(args []string, stdout, stderr io.Writer) error {
	cfg, err := parseConfig(args)
	if err != nil {
		return err
	}
	signals := catchSignals()
	defer signals.release()
	s, err := start(cfg, newLog(stderr))
	if err != nil {
		return err
	}
	s.announce(stdout)
	ctx, cancel := context.WithCancel(context.Background())
	if every := cfg.stats.period(cli.IsTerminal(stdout)); every > 0 {
		s.running.Go(func() { show(ctx, stdout, s.stats, every) })
	}
	err = s.await(signals, stdout)
	cancel()
	err = errors.Join(err, s.stop())
	c := s.stats.Snapshot()
	fmt.Fprintf(stdout, "received %d logs, stored %d\n", c.Received, c.Stored)
	return err
}

// await returns when a signal or an error ends the server; the error is why.
func (s *server) await(signals *signals, stdout io.Writer) error {
	for {
		select {
		case <-signals.hangup:
			s.reload()
		case sig := <-signals.first:
			fmt.Fprintf(stdout, "%v: finishing within %v; once more to exit at once\n", sig, s.cfg.grace)
			return nil
		case err := <-s.failed:
			return err
		}
	}
}

func usage(out io.Writer) {
	fmt.Fprint(out, `usage: logserver [flags]                   receive logs
       logserver cat [flags] dir|segment...  print stored logs
       logserver check dir|segment...        verify stored logs

Flags for receiving, which may also be in the file that -config names:

`)
	c := defaultConfig()
	c.flags().Usage(out)
	fmt.Fprintf(out, `
SIGHUP reads the file and the certificates again. These settings change then, for new
connections; others need a restart: %s.
SIGTERM and SIGINT end the server.
`, strings.Join(slices.Sorted(maps.Keys(reloadable)), ", "))
}
