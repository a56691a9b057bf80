package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/intake"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// partLimit is the -max-line of these tests.
const partLimit = 100

// A quiet peer takes what a session says.
type quietPeer struct{}

func (quietPeer) Write(b []byte) (int, error) { return len(b), nil }
func (quietPeer) Pause()                      {}
func (quietPeer) Resume()                     {}
func (quietPeer) Close() error                { return nil }

// A talker is a connection that sends lines, long ones among them, a piece at a time.
type talker struct {
	name  string
	x     *intake.Session
	left  []byte
	parts []string // what its records are
}

// piece sends some of what is left.
func (t *talker) piece(r *rand.Rand) {
	n := min(len(t.left), 1+r.IntN(150))
	t.x.Data(t.left[:n])
	t.left = t.left[n:]
}

// newTalkers begins connections of two addresses and two of a unix socket.
func newTalkers(s *store.Store, r *rand.Rand, lines int) (list []*talker) {
	var now atomic.Int64
	srv := intake.New(intake.Config{Store: s, MaxLine: partLimit, Now: func() time.Time { return time.Unix(0, second(0)+now.Add(1)) }})
	for i, peer := range []string{"192.0.2.1:1", "192.0.2.1:2", "", ""} {
		t := &talker{name: string(rune('a' + i))}
		t.x = srv.NewSession(quietPeer{}, intake.Auto, i/2, &store.Source{Peer: peer, Listener: "l"})
		for j := range lines {
			at := time.Unix(0, second(j)).UTC().Add(time.Duration(i) * time.Millisecond)
			line := fmt.Sprintf("<13>1 %s host-%s app-%s pid-%s - - %s", at.Format(time.RFC3339Nano), t.name, t.name, t.name,
				strings.Repeat(t.name, r.IntN(5)*r.IntN(100)))
			t.left = append(append(t.left, line...), '\n')
			for ; len(line) > partLimit; line = line[partLimit:] {
				t.parts = append(t.parts, line[:partLimit])
			}
			t.parts = append(t.parts, line)
		}
		list = append(list, t)
	}
	return list
}

// talk has talkers send, one at a time, until so many bytes are left of each.
func talk(list []*talker, r *rand.Rand, left int) {
	for busy := true; busy; {
		busy = false
		for _, i := range r.Perm(len(list)) {
			if t := list[i]; len(t.left) > left {
				t.piece(r)
				busy = true
			}
		}
	}
}

// checkPart fails unless an entry says who sent it.
func checkPart(t *testing.T, name string, e *Entry) {
	t.Helper()
	if string(e.Host())+string(e.App())+string(e.ProcID()) != "host-"+name+"app-"+name+"pid-"+name {
		t.Errorf("%q: %q %q %q", e.Msg, e.Host(), e.App(), e.ProcID())
	}
}

// Records that continue a message are of its host and program, whatever comes between, in
// other batches and segments too, forwards, the last, and followed.
func TestParts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	s := openStore(t, dir, 4<<10)
	list := newTalkers(s, r, 60)
	talk(list, r, 0)
	for _, c := range list {
		c.x.End(io.EOF)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if paths, _ := store.Segments(dir); len(paths) < 3 {
		t.Fatalf("%d segments", len(paths))
	}
	for _, c := range list {
		for _, by := range []string{"host=host-", "app=app-", "host=ho*&app=a*-"} {
			want(t, by+c.name, ask(t, parse(t, by+c.name), dir), c.parts)
			for _, n := range []int{1, 2, 3, 10, 77, 1000} {
				params := fmt.Sprint("n=", n, "&", by, c.name)
				want(t, params, ask(t, parse(t, params), dir), c.parts[max(0, len(c.parts)-n):])
			}
		}
		paths, _ := store.Segments(dir)
		if _, err := parse(t, "host=host-"+c.name).Run(t.Context(), nil, [][]string{paths}, func(e *Entry) error { checkPart(t, c.name, e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// A follower goes on with the message that the query before it has ended in.
func TestPartsFollowed(t *testing.T) {
	for _, params := range []string{"host=host-a", "app=app-a&n=1"} {
		dir := t.TempDir()
		s := openStore(t, dir, 4<<10)
		r := rand.New(rand.NewPCG(1, 2))
		c := newTalkers(s, r, 1)[0]
		c.left = append([]byte("<13>1 - host-a app-a pid-a - - "), strings.Repeat("x", 400)...)
		talk([]*talker{c}, r, 200)
		put(t, s, log{msg: "<13>1 - none - - - -", received: second(0)}) // what came is stored then
		var got []string
		emit := func(e *Entry) error { checkPart(t, "a", e); got = append(got, string(e.Msg)); return nil }
		q := parse(t, params)
		paths, _ := store.Segments(dir)
		end, err := q.Run(t.Context(), nil, [][]string{paths}, emit)
		if err != nil || len(got) == 0 {
			t.Fatal(len(got), err)
		}
		before := len(got)
		talk([]*talker{c}, r, 0)
		c.x.End(io.EOF)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		done := errors.New("done")
		if err := q.Follow(t.Context(), Following{Dir: dir, From: end, Emit: emit, Idle: func() error { return done }}); err != done {
			t.Fatal(err)
		}
		if n := len(got) - before; n < 2 || n > 4 || got[len(got)-1] != strings.Repeat("x", 31) {
			t.Errorf("%s: %d before, %q", params, before, got)
		}
	}
}

// An index names the host of what only continues a message.
func TestPartsIndex(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 1<<10)
	r := rand.New(rand.NewPCG(1, 2))
	c := newTalkers(s, r, 1)[0]
	c.left = append([]byte("<13>1 - host-a app-a pid-a - - "), strings.Repeat("x", 5000)...)
	talk([]*talker{c}, r, 0)
	c.x.End(io.EOF)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	paths, _ := store.Segments(dir)
	x, err := new(store.Scanner).Index(paths[len(paths)-1])
	if err != nil || len(paths) < 2 || !x.May("host-a") || x.May("host-b") {
		t.Fatalf("%d segments, index %+v, %v", len(paths), x, err)
	}
	if got := ask(t, parse(t, "host=host-a"), dir); len(got) != 51 {
		t.Errorf("%d records", len(got))
	}
	// What is not read is not known.
	if got, err := collect(t.Context(), parse(t, "host=host-a"), paths[1:]); err != nil || len(got) != 0 {
		t.Errorf("without the first: %d, %v", len(got), err)
	}
}

func collect(ctx context.Context, q *Query, paths []string) (texts []string, err error) {
	_, err = q.Run(ctx, nil, [][]string{paths}, func(e *Entry) error { texts = append(texts, string(e.Msg)); return nil })
	return texts, err
}

// A part is a record of a batch as parts is given it, and the host that it should be of.
type part struct {
	batch  uint64
	from   *store.Source
	more   bool
	time   int64
	text   string
	host   string
	broken bool
}

// Records get only what their own connection said.
func TestPartsApart(t *testing.T) {
	tcp, again := &store.Source{Peer: "192.0.2.1:1"}, &store.Source{Peer: "192.0.2.1:1"}
	u, v, u2, v2 := new(store.Source), new(store.Source), new(store.Source), new(store.Source)
	a, b := "<13>1 - a app - - - x", "<13>1 - b app - - - x"
	for name, list := range map[string][]part{
		"in a batch":                  {{1, tcp, true, 0, a, "a", false}, {1, tcp, true, 0, "y", "a", false}, {1, tcp, false, 0, b, "a", false}, {1, tcp, false, 0, "z", "", true}},
		"over batches":                {{1, tcp, true, 5, a, "a", false}, {2, again, true, 5, "y", "a", false}, {3, tcp, false, 5, "y", "a", false}, {4, again, false, 5, "y", "", false}},
		"another time":                {{1, tcp, true, 5, a, "a", false}, {2, again, false, 6, "y", "", false}},
		"a header of its own":         {{1, tcp, true, 0, a, "a", false}, {2, again, false, 0, b, "b", false}},
		"JSON":                        {{1, tcp, true, 0, a, "a", false}, {2, again, false, 0, `{"host":"h"}`, "h", false}},
		"malformed":                   {{1, tcp, true, 0, a, "a", false}, {2, again, false, 0, "y", "", true}},
		"malformed, in a batch":       {{1, tcp, true, 0, "<013>1 - a app - - - x", "a", true}, {1, tcp, false, 0, "y", "a", true}},
		"malformed, over batches":     {{1, tcp, true, 0, "<013>1 - a app - - - x", "a", true}, {2, again, false, 0, "y", "", true}},
		"begun anew":                  {{1, tcp, true, 0, a, "a", false}, {2, again, true, 0, b, "b", false}, {3, tcp, false, 0, "y", "b", false}},
		"unix, in a batch":            {{1, u, true, 0, a, "a", false}, {1, v, true, 0, b, "b", false}, {1, u, false, 0, "y", "a", false}, {1, v, false, 0, "y", "b", false}},
		"unix, over batches":          {{1, u, true, 0, a, "a", false}, {2, u2, false, 0, "y", "a", false}},
		"unix, who knows which":       {{1, u, true, 0, a, "a", false}, {1, v, true, 0, b, "b", false}, {2, u2, false, 0, "y", "", false}, {2, v2, false, 0, "y", "", false}},
		"unix, who knows, both go on": {{1, u, true, 0, a, "a", false}, {1, v, true, 0, b, "b", false}, {1, u, true, 0, "y", "a", false}, {2, u2, false, 0, "y", "", false}},
		"unix, at different times":    {{1, u, true, 1, a, "a", false}, {1, v, true, 2, b, "b", false}, {2, v2, false, 2, "y", "b", false}, {3, u2, false, 1, "y", "a", false}},
		"unix, the same of two":       {{1, u, true, 0, a, "a", false}, {2, v, true, 0, a, "a", false}, {3, u2, false, 0, "y", "a", false}},
		"nobody knows who":            {{1, nil, true, 0, a, "a", false}, {1, nil, false, 0, "y", "", false}},
	} {
		var p parts
		batch := uint64(0)
		for i, c := range list {
			if c.batch != batch {
				batch = c.batch
				p.batch()
			}
			e := &Entry{Record: store.Record{Version: 2, Batch: c.batch, Source: c.from, More: c.more, Time: c.time, Malformed: c.broken, Msg: []byte(c.text)}}
			if p.add(e); string(e.Host()) != c.host {
				t.Errorf("%s: record %d is of %q, want %q", name, i, e.Host(), c.host)
			}
		}
	}
}

// What never ends is forgotten.
func TestPartsBounded(t *testing.T) {
	var p parts
	at := func(i int, more bool, text string) string {
		p.batch()
		e := &Entry{Record: store.Record{Version: 2, More: more, Source: &store.Source{Peer: fmt.Sprint(i)}, Msg: []byte(text)}}
		p.add(e)
		return string(e.Host())
	}
	for i := range 3 * maxParts {
		at(i, true, "<13>1 - a app - - - x")
	}
	if n := len(p.recent) + len(p.older); n > 2*maxParts {
		t.Errorf("%d are remembered", n)
	}
	if first, last, before := at(0, false, "y"), at(3*maxParts-1, false, "y"), at(3*maxParts-maxParts-1, false, "y"); first != "" || last != "a" || before != "a" {
		t.Errorf("the first is of %q, the last of %q, one before of %q", first, last, before)
	}
}
