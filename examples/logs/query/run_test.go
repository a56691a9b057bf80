package query

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// Logs come by receipt where batches of lanes are stored in another order; of two with
// the same time the first stored comes first; what lies too far behind comes late.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	logs := numbered(300)
	for i := 20; i < len(logs); i++ { // three at a time
		logs[i].received = second(i - i%3)
	}
	stored := slices.Clone(logs)
	for i := 0; i+40 <= len(stored); i += 40 { // disorder within 40 batches
		part := stored[i : i+40]
		r.Shuffle(len(part), func(a, b int) { part[a], part[b] = part[b], part[a] })
	}
	dir := fill(t, 8<<10, stored...)
	sorted := slices.Clone(stored)
	slices.SortStableFunc(sorted, func(a, b log) int { return int(a.received-b.received) >> 20 })
	want(t, "shuffled", ask(t, parse(t, ""), dir), texts(sorted))
	for _, n := range []string{"1", "7", "150", "299", "300", "301"} {
		var k int
		fmt.Sscan(n, &k)
		want(t, "the last "+n, ask(t, parse(t, "n="+n), dir), texts(sorted[max(0, len(sorted)-k):]))
	}
	late := numbered(Window + 5)
	late = append(late[1:], late[0])
	want(t, "late", ask(t, parse(t, ""), fill(t, 1<<20, late...)), append(texts(late[:4]), append([]string{texts(late[len(late)-1:])[0]}, texts(late[4:len(late)-1])...)...))
}

// The last n of any query are the last n of what it finds, over segments and directories.
func TestLast(t *testing.T) {
	a, b := fill(t, 4<<10, numbered(200)...), fill(t, 4<<10, numbered(50)...)
	pa, _ := store.Segments(a)
	pb, _ := store.Segments(b)
	if len(pa) < 4 {
		t.Fatalf("%d segments", len(pa))
	}
	groups := [][]string{pa, nil, pb}
	for _, params := range []string{"", "severity=err", "host=host1", "grep=7$", "severity=emerg&host=host*", "since=60s", "until=70s", "grep=none"} {
		var all []string
		collect := func(list *[]string) func(*Entry) error {
			return func(e *Entry) error { *list = append(*list, string(e.Text())); return nil }
		}
		if _, err := parse(t, params).Run(t.Context(), nil, groups, collect(&all)); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 2, 3, 10, 49, 50, 51, 100, 249, 250, 251} {
			q := parse(t, params)
			q.Last = n
			var last []string
			if _, err := q.Run(t.Context(), nil, groups, collect(&last)); err != nil {
				t.Fatal(err)
			}
			want(t, fmt.Sprintf("%s, the last %d", params, n), last, all[max(0, len(all)-n):])
		}
	}
}

// The last few are found without reading everything, and so is what an index excludes.
func TestReadsLittle(t *testing.T) {
	logs := numbered(2000)
	for i := range logs {
		logs[i].msg += strings.Repeat(" padding", 100)
	}
	logs[3].msg = "<0>1 - other - - - -"
	dir := fill(t, 64<<10, logs...)
	paths, _ := store.Segments(dir)
	for params, limit := range map[string]int64{"n=5": 300 << 10, "since=2026-05-01T12:33:00Z": 90 << 10, "host=other": 200 << 10, "host=oth*": 200 << 10, "n=1&host=other": 300 << 10} {
		disk, n := new(countingFS), 0
		if _, err := parse(t, params).Run(t.Context(), disk, [][]string{paths}, func(*Entry) error { n++; return nil }); err != nil || n == 0 {
			t.Fatalf("%s: %d, %v", params, n, err)
		}
		if got := disk.read.Load(); got > limit {
			t.Errorf("%s: %d bytes were read", params, got)
		}
	}
	disk := new(countingFS)
	if _, err := parse(t, "").Run(t.Context(), disk, [][]string{paths}, func(*Entry) error { return nil }); err != nil || disk.read.Load() < 1<<20 {
		t.Errorf("all: %d bytes were read, %v", disk.read.Load(), err)
	}
}

// What is stored while the last are looked for is not among them, and is what Follow
// begins with.
func TestLastMeanwhile(t *testing.T) {
	logs := numbered(12)
	dir := t.TempDir()
	s := openStore(t, dir, 1<<20)
	for _, l := range logs[:8] {
		put(t, s, l)
	}
	paths, _ := store.Segments(dir)
	disk := new(countingFS)
	disk.onOpen = func(n int64) {
		if n == 3 { // of its index and its batches, and now again
			for _, l := range logs[8:] {
				put(t, s, l)
			}
		}
	}
	var got []string
	emit := func(e *Entry) error { got = append(got, string(e.Text())); return nil }
	end, err := parse(t, "n=2").Run(t.Context(), disk, [][]string{paths}, emit)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "the last", got, texts(logs[6:8]))
	got = nil
	enough := errors.New("enough")
	if err := parse(t, "").Follow(t.Context(), Following{Dir: dir, From: end, Emit: emit, Idle: func() error { return enough }}); err != enough {
		t.Fatal(err)
	}
	want(t, "what came then", got, texts(logs[8:]))
}

// Segments that vanish and damaged ones do not stop a query.
func TestVanish(t *testing.T) {
	for _, params := range []string{"", "n=150"} {
		logs := numbered(200)
		dir := fill(t, 4<<10, logs...)
		paths, _ := store.Segments(dir)
		n := 0
		_, err := parse(t, params).Run(t.Context(), nil, [][]string{paths}, func(*Entry) error {
			if n++; n == 1 {
				return errors.Join(os.Remove(paths[len(paths)-1]), os.Remove(paths[len(paths)-2]))
			}
			return nil
		})
		if err != nil || n < 30 || n >= 200 {
			t.Errorf("%s: %d logs, %v", params, n, err)
		}
		b, err := os.ReadFile(paths[len(paths)-3])
		if err != nil {
			t.Fatal(err)
		}
		b[64+64+20] ^= 1 // in the first batch
		if err := os.WriteFile(paths[len(paths)-3], b, 0o600); err != nil {
			t.Fatal(err)
		}
		n = 0
		if _, err := parse(t, params).Run(t.Context(), nil, [][]string{paths}, func(*Entry) error { n++; return nil }); !errors.Is(err, store.ErrDamaged) || n < 30 {
			t.Errorf("%s, damaged: %d logs, %v", params, n, err)
		}
	}
}

// An error of emit's ends a query and comes back as it is, and so does the context's.
func TestStops(t *testing.T) {
	dir := fill(t, 4<<10, numbered(200)...)
	paths, _ := store.Segments(dir)
	for _, params := range []string{"", "n=120"} {
		for _, want := range []error{errors.New("enough"), os.ErrNotExist, store.ErrDamaged, store.ErrTorn} {
			n := 0
			_, err := parse(t, params).Run(t.Context(), nil, [][]string{paths}, func(*Entry) error { n++; return want })
			if err != want || n != 1 {
				t.Errorf("%s: %v after %d, want %v", params, err, n, want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		_, err := parse(t, params).Run(ctx, nil, [][]string{paths}, func(*Entry) error { n++; cancel(); return nil })
		if !errors.Is(err, context.Canceled) || n > 100 {
			t.Errorf("%s: %v after %d", params, err, n)
		}
		if _, err := parse(t, params).Run(ctx, nil, [][]string{paths}, func(*Entry) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled before: %v", params, err)
		}
	}
}

// Segments of version 1 say less; what they do not say is parsed.
func TestVersion1(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "store", "testdata", "v1", "plain.seg"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "20261126T120000.000000000-00000001.seg"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	for params, n := range map[string]int{
		"": 6, "facility=user": 6, "facility=kern": 0, "host=host&app=app": 6, "severity=0": 1, "n=2": 2, "peer=::/0": 0, "malformed=1": 1,
		"since=2025-11-26T12:00:00Z": 6, "since=2025-11-26T12:00:01Z": 0, "time=message&since=2025-11-25&until=2025-11-28": 6,
	} {
		if got := ask(t, parse(t, params), dir); len(got) != n {
			t.Errorf("%s: %d, %q", params, len(got), got)
		}
	}
}

// What is stored while it is followed comes once, also over rotations, and what was found
// before does not come again.
func TestFollow(t *testing.T) {
	for _, params := range []string{"", "n=3", "severity=err"} {
		logs := numbered(120)
		dir := t.TempDir()
		s := openStore(t, dir, 4<<10)
		for _, l := range logs[:40] {
			put(t, s, l)
		}
		var got []string
		emit := func(e *Entry) error { got = append(got, string(e.Text())); return nil }
		paths, _ := store.Segments(dir)
		end, err := parse(t, params).Run(t.Context(), nil, [][]string{paths}, emit)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range logs[40:80] {
			put(t, s, l)
		}
		wanted := texts(logs)
		if params == "n=3" {
			wanted = wanted[37:]
		}
		if params == "severity=err" {
			wanted = slices.DeleteFunc(wanted, func(s string) bool { return s[:4] >= "<12>" && s[2] != '>' })
		}
		ctx, cancel := timeout(t)
		rest := logs[80:]
		err = parse(t, params).Follow(ctx, Following{Dir: dir, From: end, Emit: emit, Idle: func() error {
			for _, l := range rest {
				put(t, s, l)
			}
			if rest = nil; len(got) >= len(wanted) {
				cancel()
			}
			return nil
		}, Complain: func(err error) { t.Error(err) }})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		slices.Sort(got) // two lanes: the order is what was there when
		slices.SortFunc(got, func(a, b string) int { return strings.Compare(a[len(a)-4:], b[len(b)-4:]) })
		want(t, params, got, wanted)
		failed := errors.New("failed")
		if err := parse(t, params).Follow(t.Context(), Following{Dir: dir, Emit: func(*Entry) error { return failed }}); err != failed {
			t.Errorf("the error is %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
