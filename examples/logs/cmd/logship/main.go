// Logship sends lines to a log server: those of its standard input, or of files
// that are being appended to, through their rotations.
//
//	go run ./examples/logs/cmd/logship -to 127.0.0.1:5515 -file app.log -state app.log.pos
//	some-program | go run ./examples/logs/cmd/logship -to 127.0.0.1:5515
//
// By RELP, the default, a line counts as shipped when the server has acknowledged
// it. The positions in the files up to which that is so are kept in the file -state:
// after a restart, of logship or of the server, nothing is missing; lines whose
// acknowledgement was lost come twice. With -proto lines nothing is acknowledged,
// and a line counts as shipped when the kernel has taken it.
//
// A file that was rotated is known again by its inode, its first bytes and those
// before the position, whatever it is called now; that the device has another
// number, as after a restart of the machine, makes no difference. Rotated files that
// were never seen are known by their names (see isRotated) and by when they were
// written to. A file that was replaced is read on for -rotate-wait: what is written
// to it later is not shipped.
//
// A file that was truncated is begun anew, after what a copy of it has that was not
// read. That it was is known from its size or, if it has grown beyond what was read
// by then, from its first 256 bytes and the 64 before the position: one that has
// the same there is taken for one that was appended to, and what it has up to there
// is not shipped. A hole that truncation leaves is passed over.
//
// It uses io_uring where that is there, the standard library elsewhere; -h lists
// the flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

func main() {
	// The second signal ends the process, as it would without logship.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cfg, err := parseConfig(args)
	if errors.Is(err, flag.ErrHelp) {
		cfg.usage(stdout)
	}
	if err == nil {
		err = ship(ctx, cfg, stdin, stderr)
	}
	return cli.Exit(stderr, "logship", err)
}

// ship reads, sends and keeps the positions until the input or ctx ends. When ctx
// ends, what was read is still shipped, for at most cfg.grace.
func ship(ctx context.Context, cfg *config, stdin io.Reader, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	p := new(progress)
	saved, err := loadState(cfg.state)
	if err != nil {
		return err
	}
	t := newTracks(saved.at(cfg.files))
	s := newShipper(cfg, t, p, log)
	batches := make(chan batch, readAhead)
	read := make(chan error, 1)
	go func() {
		defer close(batches)
		if len(cfg.files) == 0 {
			read <- readStream(ctx, stdin, newLines(cfg, "", p), batches)
			return
		}
		read <- newReader(cfg, t, p, log, batches).run(ctx)
	}()
	kept := keep(cfg.state, t, log)
	shown := show(stderr, cfg.progress, p)
	hurry, cancel := graceful(ctx, cfg.grace)
	defer cancel()
	shipErr := s.run(hurry, batches)
	for range batches { // whoever reads is not to wait for us any more
	}
	shown()
	keepErr := kept()
	fmt.Fprintln(stderr, p.summary())
	if errors.Is(shipErr, context.Canceled) {
		shipErr = fmt.Errorf("stopped with %d lines not shipped", s.waiting())
	}
	return errors.Join(<-read, shipErr, keepErr)
}

// graceful returns a context that ends so long after ctx.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-late.Done():
		case <-time.After(grace):
			cancel()
		}
	})
	return late, func() { stop(); cancel() }
}
