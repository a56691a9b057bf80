package cli

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// complaining returns Complaints with a clock and what they log.
func complaining() (c *Complaints, clock *time.Time, out *bytes.Buffer) {
	out = new(bytes.Buffer)
	now := time.Unix(1000, 0)
	c = &Complaints{Log: slog.New(slog.NewTextHandler(out, nil)), now: func() time.Time { return now }}
	return c, &now, out
}

// TestComplaints checks that each sort is logged once a second, with the number
// of those left out.
func TestComplaints(t *testing.T) {
	c, now, out := complaining()
	for range 10 {
		c.Warn("accept", "error", "x")
		c.Error("store", "error", "y")
	}
	if got := strings.Count(out.String(), "\n"); got != 2 {
		t.Errorf("%d lines in the first second; want 2:\n%s", got, out)
	}
	out.Reset()
	*now = now.Add(time.Second)
	c.Warn("accept", "error", "z")
	if got := out.String(); !strings.Contains(got, `level=WARN msg=accept error=z unreported=9`) {
		t.Errorf("after a second: %s", got)
	}
}

// TestComplaintsBounded checks that sorts without end take bounded memory, and
// that those beyond it share a line.
func TestComplaintsBounded(t *testing.T) {
	c, now, out := complaining()
	flood := func() {
		for i := range 3 * maxKept {
			c.Say(slog.LevelWarn, fmt.Sprint(i, now.Unix()), "rejected", "source", i)
		}
	}
	flood()
	if lines := strings.Count(out.String(), "\n"); lines != maxKept+1 || len(c.kept) > maxKept+1 {
		t.Errorf("%d lines, %d sorts; want %d of both at most", lines, len(c.kept), maxKept+1)
	}
	out.Reset()
	*now = now.Add(time.Minute)
	flood()
	if lines := strings.Count(out.String(), "\n"); lines != maxKept+1 || len(c.kept) > maxKept+1 {
		t.Errorf("a minute later: %d lines, %d sorts", lines, len(c.kept))
	}
}
