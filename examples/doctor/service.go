package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/uringnet/go-uringnet/internal/bench/load"
)

// lookupLimit is how long a service's name may take to be resolved.
const lookupLimit = 5 * time.Second

// loadService puts a constant load on the service of -url.
func loadService(o *options, stdout, stderr io.Writer) error {
	ctx := context.Background()
	if !o.remote {
		if err := checkLoopback(ctx, o.url); err != nil {
			return err
		}
	}
	if !o.json {
		fmt.Fprintf(stderr, "doctor: load for %v\n", o.length)
	}
	s := load.Service{
		URL: o.url.String(), Conns: o.conns, Pace: load.Pace{Rate: float64(o.rate)}, Transport: transport(o),
	}
	served, err := s.Run(ctx, o.length)
	if err != nil {
		return fmt.Errorf("-url %s: %w", o.url.Redacted(), err)
	}
	r := serviceReport(o, served)
	if o.json {
		err = writeJSON(stdout, r)
	} else {
		writeService(stdout, &r)
	}
	if err == nil && r.Replies == 0 {
		err = fmt.Errorf("-url %s: no reply: %w", o.url.Redacted(), errors.Join(served.Failure, errNoReply))
	}
	return err
}

var errNoReply = errors.New("nothing was answered")

// errRemote refuses what is not on loopback.
var errRemote = errors.New("want a host on loopback, or -remote: load belongs on services that are yours")

// checkLoopback resolves the service's host and refuses it if any address of it is
// elsewhere.
func checkLoopback(ctx context.Context, u *url.URL) error {
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return fmt.Errorf("-url %s: %w", u.Redacted(), err)
	}
	for _, a := range addrs {
		if !a.Unmap().IsLoopback() {
			return usageError{fmt.Errorf("-url %s: %s is not on loopback: %w", u.Redacted(), a, errRemote)}
		}
	}
	return nil
}

// transport makes the connections. It uses no proxy, and where it dials is checked
// once more: a name may resolve to something else by then.
func transport(o *options) *http.Transport {
	dialer := &net.Dialer{Timeout: lookupLimit}
	if !o.remote {
		dialer.Control = func(_, addr string, _ syscall.RawConn) error {
			if ap, err := netip.ParseAddrPort(addr); err != nil || !ap.Addr().Unmap().IsLoopback() {
				return fmt.Errorf("%s is not on loopback: %w", addr, errRemote)
			}
			return nil
		}
	}
	return &http.Transport{
		DialContext: dialer.DialContext, DisableCompression: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: o.insecure},
	}
}

// keepsUp is the share of what was due that a service has to answer to be said to
// keep up.
const keepsUp = 0.99

func serviceReport(o *options, s *load.Served) ServiceReport {
	us := func(ns int64) float64 { return float64(ns) / 1e3 }
	h := &s.Latency
	r := ServiceReport{
		URL: o.url.Redacted(), Conns: o.conns, RatePerSecond: o.rate, Seconds: s.Length.Seconds(),
		Due: s.Due, Unsent: s.Unsent, Replies: h.Total(), Statuses: s.Statuses, Failed: s.Failed, Reconnects: s.Reconnects,
		PerSecond: float64(s.InTime) / s.Length.Seconds(),
		P50Us:     us(h.Quantile(.5)), P99Us: us(h.Quantile(.99)), P999Us: us(h.Quantile(.999)), MaxUs: us(h.Max()),
		LateUs: us(s.Late.Quantile(.99)),
	}
	if s.Failure != nil {
		r.Failure = s.Failure.Error()
	}
	if r.Replies > 0 {
		r.BytesPerReply = float64(s.Bytes) / float64(r.Replies)
	}
	r.KeepsUp = float64(r.Replies) >= keepsUp*float64(s.Due)
	return r
}

// writeService writes the figures of a service.
func writeService(w io.Writer, r *ServiceReport) {
	fmt.Fprintf(w, "GET %s, %d a second for %.3g s on %d connections\n", r.URL, r.RatePerSecond, r.Seconds, r.Conns)
	var statuses []string
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		statuses = append(statuses, fmt.Sprintf("%d with status %d", r.Statuses[status], status))
	}
	item(w, "requests due", fmt.Sprint(r.Due))
	item(w, "replies", fmt.Sprintf("%s; %.0f bytes each", list(statuses), r.BytesPerReply))
	item(w, "throughput", fmt.Sprintf("%.1f replies a second", r.PerSecond))
	item(w, "latency", fmt.Sprintf("p50 %s, p99 %s, p99.9 %s, longest %s", length(r.P50Us), length(r.P99Us), length(r.P999Us), length(r.MaxUs)))
	item(w, "failed", strings.TrimSuffix(fmt.Sprintf("%d, the first: %s", r.Failed, r.Failure), ", the first: "))
	item(w, "connections made again", fmt.Sprint(r.Reconnects))
	item(w, "the load itself was late", fmt.Sprintf("by %s at most, in 99 %% of the requests; not in the latency", length(r.LateUs)))
	if !r.KeepsUp {
		item(w, "the service falls behind", fmt.Sprintf("%d requests were never sent: their connections waited for earlier replies", r.Unsent))
	}
}

// length writes microseconds with three digits or so.
func length(us float64) string {
	d := time.Duration(us * float64(time.Microsecond))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Nanosecond).String()
}
