package store

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// All that is known of a record comes back, whatever it is, of many sources in turn.
func TestRecordMeta(t *testing.T) {
	long := strings.Repeat("s", 2*maxSourceString)
	sources := []*Source{
		nil,
		{Peer: "127.0.0.1:40000", Listener: "tcp://127.0.0.1:514"},
		{Listener: "unix:///run/log"},
		{Peer: "[::1]:1", Listener: "tls://[::1]:6514", Subject: "CN=web,O=\n\x00"},
		{Peer: long, Listener: long, Subject: long},
	}
	for _, compress := range []bool{false, true} {
		s := open(t, Options{Lanes: 1, Compress: compress, BatchSize: 4 << 10, Durability: Group})
		var want []Meta
		var msgs []string
		for i := range 2000 {
			m := Meta{
				Facility: uint8(i % 24), Severity: uint8(i % 8), Malformed: i%3 == 0, Cut: i%5 == 0, More: i%7 == 0,
				Received: 1795705879646583187 + int64(i%11-5)*1e9, Source: sources[i%len(sources)],
			}
			if i%2 == 0 {
				m.Time = m.Received + []int64{0, 1, -1, 1e18, -1e18}[i/2%5]
			}
			msg := strings.Repeat("m", i%300)
			for {
				l := s.Lane(0)
				l.Begin()
				_, ok := l.Append(m, []byte(msg))
				l.End()
				if ok {
					break
				}
				if err := l.Wait(); err != nil {
					t.Fatal(err)
				}
			}
			want, msgs = append(want, m), append(msgs, msg)
		}
		closeStore(t, s)
		i := 0
		err := new(Scanner).Dir(s.opts.Dir, func(r Record) error {
			got := metaOf(r)
			got.Source = r.Source
			if fmt.Sprint(describe(got)) != fmt.Sprint(describe(want[i])) || string(r.Msg) != msgs[i] || r.Version != 2 {
				t.Fatalf("record %d: got %v %.20q, want %v %.20q", i, describe(got), r.Msg, describe(want[i]), msgs[i])
			}
			if r.Received < r.First || r.Received > r.Last || r.Time != 0 && (r.Time < r.First || r.Time > r.Last) {
				t.Fatalf("record %d: %d and %d are not within %d..%d", i, r.Received, r.Time, r.First, r.Last)
			}
			i++
			return nil
		})
		if err != nil || i != len(want) {
			t.Errorf("%d records, error %v", i, err)
		}
	}
}

// metaOf is what was known of a record but for its source.
func metaOf(r Record) Meta {
	return Meta{
		Facility: r.Facility, Severity: r.Severity, Malformed: r.Malformed, Cut: r.Cut, More: r.More,
		Time: r.Time, Received: r.Received,
	}
}

// describe is a Meta with what is kept of its source in place of the pointer.
func describe(m Meta) []any {
	var kept [3]string
	if m.Source != nil {
		kept = m.Source.strings()
	}
	return []any{m.Facility, m.Severity, m.Malformed, m.Cut, m.More, m.Time, m.Received, m.Source != nil, kept}
}

// A message that fills a batch is kept, if need be without its source.
func TestSourceWithoutRoom(t *testing.T) {
	s := open(t, Options{Lanes: 1, BatchSize: 1 << 10, Durability: Group})
	l := s.Lane(0)
	l.Begin()
	m := Meta{Received: 1, Source: &Source{Peer: "peer"}}
	if _, ok := l.Append(m, make([]byte, s.MaxRecord())); !ok {
		t.Fatal("refused")
	}
	l.End()
	closeStore(t, s)
	err := new(Scanner).Dir(s.opts.Dir, func(r Record) error {
		if len(r.Msg) != s.MaxRecord() || r.Source != nil {
			t.Errorf("%d bytes of %v", len(r.Msg), r.Source)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// FuzzRecords reads records off anything: it does not fail otherwise than by an error,
// and what it reads can be written again.
func FuzzRecords(f *testing.F) {
	src := &Source{Peer: "a", Listener: "b", Subject: "c"}
	b := putSource(nil, src)
	b = putRecord(b, &Meta{Severity: 3, Received: 5, Time: 7, Cut: true}, 1, 0, []byte("message"))
	f.Add(uint8(2), b)
	f.Add(uint8(1), []byte("\x043four\n"))
	f.Fuzz(func(t *testing.T, version uint8, b []byte) {
		p := recordReader{version: 1 + version%2, rest: b}
		var again []byte
		var before int64
		var records []Record
		for {
			var r Record
			ok, err := p.next(&r)
			if err != nil || !ok {
				break
			}
			records = append(records, r)
			m := metaOf(r)
			again = putRecord(again, &m, 0, before, r.Msg)
			before = r.Received
		}
		p = recordReader{version: 2, rest: again}
		for i, want := range records {
			var r Record
			if ok, err := p.next(&r); !ok || err != nil {
				t.Fatalf("record %d of %d: %v", i, len(records), err)
			}
			want.Source, want.Version = nil, 2
			if !bytes.Equal(r.Msg, want.Msg) {
				t.Fatalf("record %d: %q, want %q", i, r.Msg, want.Msg)
			}
			r.Msg, want.Msg = nil, nil
			if !reflect.DeepEqual(r, want) {
				t.Fatalf("record %d: %+v, want %+v", i, r, want)
			}
		}
	})
}
