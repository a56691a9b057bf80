package jsonlog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// FuzzParse compares with encoding/json: what is an object, and which members it has.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { "time" : 1 } `, `{"time":"2026-11-26T15:04:05.5+01:00","level":"INFO+2","host":"h"}`, `{"ts":1764169445.5,"level":30}`,
		`{"a":{"time":[1,{"b":null}]},"severity":"err","hostname":"\u0061"}`, `{"time":1,"time":"x","timestamp":2}`, `{"a":"\ud800\\\"","b":-0.5e+7}`, `[{}]`, `{"a":[[],{}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		before := bytes.Clone(msg)
		names := Default()
		h, ok := names.Parse(msg)
		if !bytes.Equal(msg, before) {
			t.Fatal("the message was changed")
		}
		valid := json.Valid(msg) && bytes.TrimLeft(msg, " \t\r\n")[0] == '{'
		if ok != valid && bytes.Count(msg, []byte("{"))+bytes.Count(msg, []byte("[")) <= MaxDepth {
			t.Fatalf("%q: %v; encoding/json says %v", msg, ok, valid)
		}
		if !ok {
			if h.Found() {
				t.Fatalf("%q: %+v of no object", msg, h)
			}
			return
		}
		want := byDecoder(t, names, msg)
		if h.Time != want.Time || h.Severity != want.Severity || h.HasLevel != want.HasLevel || string(h.Host) != string(want.Host) || cap(h.Host) != len(h.Host) {
			t.Errorf("%q: %+v; want %+v", msg, h, want)
		}
		for _, c := range h.Host {
			if c <= ' ' || c >= 0x7f {
				t.Errorf("%q: host %q", msg, h.Host)
			}
		}
	})
}

// byDecoder reads the members by encoding/json, and their values by this package.
func byDecoder(t *testing.T, names Names, msg []byte) (h Header) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(msg))
	type member struct {
		name  string
		value []byte
	}
	var all []member
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		from := d.InputOffset()
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		raw := strings.TrimLeft(string(msg[from:d.InputOffset()]), ", \t\r\n")
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		all = append(all, member{strings.Trim(raw, `"`), value})
	}
	each := func(list []string, take func(value []byte) bool) {
		for _, name := range list {
			for i := len(all) - 1; i >= 0; i-- {
				if all[i].name == name && take(all[i].value) {
					return
				}
			}
		}
	}
	each(names.Time, func(v []byte) (ok bool) {
		at, ok := parseTime(v)
		h.Time = at
		sameTime(t, v, at, ok)
		return ok
	})
	each(names.Level, func(v []byte) (ok bool) { h.Severity, h.HasLevel = parseLevel(v); return h.HasLevel })
	each(names.Host, func(v []byte) (ok bool) { h.Host, ok = parseHost(v); return ok })
	if h.Severity > 7 {
		t.Errorf("severity %d", h.Severity)
	}
	return h
}

// sameTime compares a time with what encoding/json and package time read.
func sameTime(t *testing.T, value []byte, got int64, ok bool) {
	t.Helper()
	var at time.Time
	err := json.Unmarshal(value, &at)
	if err == nil && !at.IsZero() && at.Year() > firstYear && at.Year() < lastYear && (!ok && at.UnixNano() != 0 || ok && at.UnixNano() != got) {
		t.Errorf("%s: %d, %v; want %d", value, got, ok, at.UnixNano())
	}
	var n int64
	if json.Unmarshal(value, &n) == nil && n > 0 && n < 9.2e9 && (got != n*1e9 || !ok) {
		t.Errorf("%s: %d, %v; want seconds", value, got, ok)
	}
}
