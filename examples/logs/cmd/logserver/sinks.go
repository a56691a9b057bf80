package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
	"github.com/uringnet/go-uringnet/examples/logs/sink"
)

// sinkFlags adds where logs are sent on to.
func (c *config) sinkFlags(fs *cli.Set) {
	fs.List(&c.sinks, "sink", "`URLs` that stored logs are sent on to, comma-separated or repeated: nats://HOST:PORT?stream=NAME,\nkafka://HOST:PORT/TOPIC, relp://HOST:PORT, relp+tls://HOST:PORT or tls://HOST:PORT")
	fs.String(&c.sinkDir, "sink-dir", "`directory` of the sinks' cursors and dead letters, which has to exist (default that of -dir)")
}

// sinkConfigs reads the URLs. The flag is cut at commas, and servers have commas between
// them, so that a part without a scheme belongs to the one before.
func (c *config) sinkConfigs() (list []sink.Config, err error) {
	var urls []string
	for _, part := range c.sinks {
		if len(urls) > 0 && !strings.Contains(part, "://") {
			urls[len(urls)-1] += "," + part
		} else {
			urls = append(urls, part)
		}
	}
	names := map[string]string{}
	for _, url := range urls {
		k, err := sink.Parse(url)
		if err != nil {
			return nil, err
		}
		if names[k.Name] != "" {
			return nil, fmt.Errorf("-sink %s: name %s: want another than that of %s (name=NAME)", url, k.Name, names[k.Name])
		}
		names[k.Name] = url
		list = append(list, k)
	}
	if c.sinkDir != "" {
		if info, err := os.Stat(c.sinkDir); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("-sink-dir %q: want a directory that exists", c.sinkDir)
		}
	}
	return list, nil
}

// makeSinks makes the sinks, and returns what they hold from the start.
func (s *server) makeSinks() (held map[string]uint64, err error) {
	list, err := s.cfg.sinkConfigs()
	if err != nil {
		return nil, err
	}
	dir := s.cfg.sinkDir
	if dir == "" {
		dir = s.cfg.dir
	}
	held = map[string]uint64{}
	for _, c := range list {
		k, err := sink.New(sink.Options{Config: c, Dir: dir, FileMode: s.cfg.fileMode, Gid: s.cfg.group.gid, Logger: s.log})
		if err != nil {
			return nil, err
		}
		s.sinks = append(s.sinks, k)
		if first, hold := k.Held(); hold {
			held[k.Name()] = first
		}
	}
	return held, nil
}

// startSinks begins to send, once the store is open.
func (s *server) startSinks() error {
	for _, k := range s.sinks {
		if err := k.Start(s.store); err != nil {
			return err
		}
	}
	return nil
}

// stopSinks gives the sinks a part of the grace to send what has been stored last; the
// rest is sent after the next start.
func (s *server) stopSinks() error {
	ctx, cancel := context.WithTimeout(context.Background(), max(s.cfg.grace/8, 100*time.Millisecond))
	defer cancel()
	var errs []error
	for _, k := range s.sinks {
		errs = append(errs, k.Stop(ctx))
	}
	return errors.Join(errs...)
}

// announceSinks prints a line for each sink.
func (s *server) announceSinks(out io.Writer) {
	for _, k := range s.sinks {
		fmt.Fprintf(out, "sending to %s as %s\n", k.Target(), k.Name())
	}
}
