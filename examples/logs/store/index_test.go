package store

import (
	"fmt"
	"os"
	"reflect"
	"testing"
)

// A closed segment ends in an index that says what is in it, whatever order it came in.
func TestIndex(t *testing.T) {
	forModes(t, func(t *testing.T, o Options) {
		o.Lanes, o.BatchSize, o.SegmentSize = 2, 2<<10, 4<<10
		s := open(t, o)
		want := Index{Hosts: map[string]uint64{}}
		for i := range 3000 {
			m := Meta{Severity: uint8(i % 7), Malformed: i%10 == 0, Cut: i%20 == 0, Received: int64(1000 + i), Time: int64(2000 - i%5)}
			if i%3 > 0 {
				m.Host = fmt.Appendf(nil, "host%d", i/10%50)
				want.Hosts[string(m.Host)]++
			}
			msg := fmt.Appendf(nil, "message %d", i)
			for ok := false; !ok; {
				l := s.Lane(i)
				l.Begin()
				_, ok = l.Append(m, msg)
				l.End()
				if !ok {
					if err := l.Wait(); err != nil {
						t.Fatal(err)
					}
				}
			}
			want.Records++
			want.Bytes += uint64(len(msg))
			want.Severities[m.Severity]++
			if m.Malformed {
				want.Malformed++
			}
			if m.Cut {
				want.Cut++
			}
		}
		want.First, want.Last = 1000, 3999
		closeStore(t, s)
		paths, _ := Segments(s.opts.Dir)
		if len(paths) < 3 {
			t.Fatalf("%d segments", len(paths))
		}
		var got Index
		for _, path := range paths {
			x, err := new(Scanner).Index(path)
			if x == nil || err != nil {
				t.Fatalf("%s: no index, %v", path, err)
			}
			n := uint64(0)
			if err := Scan(path, func(Record) error { n++; return nil }); err != nil || n != x.Records {
				t.Errorf("%s: %d records of %d, %v", path, n, x.Records, err)
			}
			got.add(x)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if n, err := checkDir(t, s.opts.Dir); n != 3000 || err != nil {
			t.Errorf("%d records, %v", n, err)
		}
	})
}

// An index has so many hosts and no more, and none that is too long.
func TestIndexBounded(t *testing.T) {
	var x Index
	for i := range 3 * maxIndexHosts {
		x.host(fmt.Sprint(i), 2)
	}
	if len(x.Hosts) != maxIndexHosts || x.Others != 4*maxIndexHosts || !x.May("unknown") {
		t.Errorf("%d hosts, %d others", len(x.Hosts), x.Others)
	}
	b := newBatch(make([]byte, 4<<10), nil)
	b.index(&Meta{Host: make([]byte, maxIndexHost+1)}, 1)
	b.index(&Meta{Host: []byte("a")}, 1)
	if x := b.indexed(); x.Others != 1 || x.Hosts["a"] != 1 {
		t.Errorf("%+v", x)
	}
}

// Wherever an index is cut or damaged, the segment is read as if it had none, and is
// recovered without setting anything aside.
func TestIndexDamaged(t *testing.T) {
	sm := makeSample(t, false)
	data := len(sm.bytes)
	whole := append(sm.bytes, sm.index...)
	if len(sm.index) == 0 {
		t.Fatal("no index")
	}
	for cut := data + 1; cut < len(whole); cut += 7 {
		dir, path := sm.in(t, whole[:cut])
		if x, err := new(Scanner).Index(path); x != nil || err != nil {
			t.Fatalf("cut at %d: %+v, %v", cut, x, err)
		}
		s := open(t, Options{Dir: dir, BatchSize: minBatch, Lanes: 1, Batches: 2})
		closeStore(t, s)
		wantMessages(t, dir, sm.msgs...)
		if aside, _ := Damaged(dir); len(aside) > 0 && cut >= data+headerSize {
			t.Fatalf("cut at %d: set aside %v", cut, aside)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(data) {
			t.Fatalf("cut at %d: recovered to %v, %v", cut, info, err)
		}
	}
}
