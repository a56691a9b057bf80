package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestJudge: what makes a file the position's, a copy of it, or another.
func TestJudge(t *testing.T) {
	text := strings.Repeat("h", 256) + "middle" + strings.Repeat("l", 64) + "\r\n"
	p := position{
		identity: identity{Device: 1, Inode: 2, Head: fingerprint([]byte(text[:256])), HeadSize: 256},
		Offset:   int64(len(text)), Last: fingerprint([]byte(text[262:326])), LastSize: 64, Trail: 2,
	}
	old := p // as version 0 had it
	old.Last, old.LastSize, old.Trail = "", 0, 0
	empty := position{identity: identity{Device: 1, Inode: 2}}
	otherHead := "H" + text[1:]
	otherLast := text[:len(text)-3] + "L\r\n"
	otherMiddle := strings.Replace(text, "middle", "MIDDLE", 1)
	for _, c := range []struct {
		name          string
		p             position
		device, inode uint64
		text          string
		want          likeness
	}{
		{"the file", p, 1, 2, text, same},
		{"the file, grown", p, 1, 2, text + "more", same},
		{"the device has another number", p, 9, 2, text, same},
		{"a copy", p, 1, 3, text + "more", alike},
		{"a shorter one", p, 1, 2, text[:len(text)-1], other},
		{"an empty one", p, 1, 2, "", other},
		{"another beginning", p, 1, 2, otherHead, other},
		{"another end", p, 1, 2, otherLast, other},
		{"another end, unknown", old, 1, 2, otherLast, same},
		{"another middle", p, 1, 2, otherMiddle, same},
		{"NULs", p, 1, 2, strings.Repeat("\x00", 1000), other},
		{"nothing was known", empty, 1, 2, "x", same},
		{"nothing was known, another device", empty, 9, 2, "x", other},
		{"nothing was known, another inode", empty, 1, 3, "x", other},
	} {
		got, err := c.p.judge(c.device, c.inode, int64(len(c.text)), strings.NewReader(c.text))
		if err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
	}
}

// TestStateVersions: the state of the first version is read, that of one to come
// is not.
func TestStateVersions(t *testing.T) {
	const old = `{"device": 1, "inode": 2, "head": "ab", "head_size": 9, "path": "app.log", "offset": 12, "time": "2026-11-06T10:00:00Z"}`
	s, err := parseState([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	want := position{identity: identity{1, 2, "ab", 9}, Path: "/var/log/app.log", Offset: 12, AsOf: time.Date(2026, 11, 6, 10, 0, 0, 0, time.UTC)}
	if s = s.at([]string{"/var/log/app.log"}); len(s.Files) != 1 || s.Files[0] != want {
		t.Errorf("%+v", s)
	}
	b, err := json.Marshal(state{Version: stateVersion, Files: []position{want}})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = parseState(b); err != nil || len(s.Files) != 1 || s.Files[0] != want {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := parseState([]byte(`{"version": 9}`)); err == nil || !strings.Contains(err.Error(), "version 9: want") {
		t.Error(err)
	}
}

// TestTracksRemember: those that were read to their end are known for a while, and
// as long as a pattern finds them.
func TestTracksRemember(t *testing.T) {
	ts := newTracks(nil)
	for i := range 20 {
		k := ts.begin("/app.log", identity{Inode: uint64(i)}, 0, time.Time{})
		k.matched = i == 3
		if i < 19 {
			ts.close(k)
		}
		ts.snapshot()
	}
	if _, moved := ts.snapshot(); moved {
		t.Error("they have moved again")
	}
	ts.unsaved()
	if files, moved := ts.snapshot(); !moved || len(files) != remember+2 || files[0].Inode != 3 || !files[0].Done || files[remember+1].Done {
		t.Errorf("%v, %+v", moved, files)
	}
}
