package jsonlog

import (
	"strings"
	"testing"
	"time"
)

func nanos(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

// TestLoggers reads lines as loggers write them.
func TestLoggers(t *testing.T) {
	for _, c := range []struct {
		name, line, time string
		severity         uint8
		host             string
	}{
		{"slog", `{"time":"2026-11-26T15:04:05.123456789+01:00","level":"INFO","msg":"hello","n":1}`, "2026-11-26T14:04:05.123456789Z", 6, ""},
		{"slog between", `{"time":"2026-11-26T15:04:05Z","level":"ERROR+4","msg":"x"}`, "2026-11-26T15:04:05Z", 2, ""},
		{"zap production", `{"level":"warn","ts":1764169445.5,"caller":"a/b.go:1","msg":"x"}`, "2025-11-26T15:04:05.5Z", 4, ""},
		{"zap ISO 8601", `{"level":"dpanic","ts":"2026-11-26T15:04:05.250+0100","msg":"x"}`, "2026-11-26T14:04:05.25Z", 2, ""},
		{"logrus", `{"level":"warning","msg":"x","time":"2026-11-26T15:04:05-07:00","hostname":"web-1"}`, "2026-11-26T22:04:05Z", 4, "web-1"},
		{"bunyan", `{"name":"app","hostname":"db","pid":7,"level":50,"msg":"x","time":"2026-11-26T15:04:05.999Z","v":0}`, "2026-11-26T15:04:05.999Z", 3, "db"},
		{"pino", `{"level":30,"time":1764169445123,"pid":7,"hostname":"db","msg":"x"}`, "2025-11-26T15:04:05.123Z", 6, "db"},
		{"python", `{"timestamp":"2026-11-26 15:04:05,123Z","severity":"CRITICAL","host":"h"}`, "2026-11-26T15:04:05.123Z", 2, "h"},
		{"micros", `{"ts":1764169445123456,"level":"debug"}`, "2025-11-26T15:04:05.123456Z", 7, ""},
		{"nanos", `{"ts":1764169445123456789,"level":"trace"}`, "2025-11-26T15:04:05.123456789Z", 7, ""},
		{"number of syslog", `{"level":0,"time":1}`, "1970-01-01T00:00:01Z", 0, ""},
		{"number in a string", `{"level":"40","time":1}`, "1970-01-01T00:00:01Z", 4, ""},
		{"preference", `{"timestamp":3,"time":1,"ts":2,"severity":"emerg","level":"info","hostname":"b","host":"a"}`, "1970-01-01T00:00:01Z", 6, "a"},
		{"the first that can be read", `{"timestamp":3,"time":"never","ts":{},"level":99e9,"severity":"alert","host":"a b","hostname":"c"}`, "1970-01-01T00:00:03Z", 1, "c"},
		{"the last of the same", `{"time":1,"time":2,"level":"err","level":7}`, "1970-01-01T00:00:02Z", 7, ""},
		{"inner names", `{"a":{"time":1,"host":"x"},"b":[{"level":"err"}],"time":5,"level":"Notice"}`, "1970-01-01T00:00:05Z", 5, ""},
		{"spaces", " {\t\"time\" : 5 ,\"level\"\n:\r\"INFO+2\" } \r\n", "1970-01-01T00:00:05Z", 5, ""},
	} {
		names := Default()
		h, ok := names.Parse([]byte(c.line))
		if want := nanos(t, c.time); !ok || !h.HasLevel || h.Time != want || h.Severity != c.severity || string(h.Host) != c.host {
			t.Errorf("%s: %+v, %v; want time %d, severity %d, host %q", c.name, h, ok, want, c.severity, c.host)
		}
	}
}

// TestNothingFound: an object without the members is one, and says nothing.
func TestNothingFound(t *testing.T) {
	for _, line := range []string{
		`{}`, `{"a":1}`, `{"Time":1}`, `{"time":0}`, `{"time":-1}`, `{"time":1e9}`, `{"time":"2026-02-30T00:00:00Z"}`, `{"time":"2026-11-26T15:04:05"}`,
		`{"time":"9999-01-01T00:00:00Z"}`, `{"time":99999999999999999999}`, `{"time":"2026-11-26T24:04:05Z"}`, `{"level":8}`, `{"level":100}`, `{"level":-1}`,
		`{"level":"loud"}`, `{"level":"INFO+"}`, `{"level":"loud+1"}`, `{"level":null}`, `{"level":""}`, `{"host":""}`, `{"host":"\u0061"}`, `{"host":7}`,
		`{"host":"` + strings.Repeat("h", 256) + `"}`, `{"\u0074ime":1}`, `{"time":[1]}`,
	} {
		names := Default()
		if h, ok := names.Parse([]byte(line)); !ok || h.Found() {
			t.Errorf("%s: %+v, %v; want an object that says nothing", line, h, ok)
		}
	}
}

// TestNoObject refuses what is not one JSON object.
func TestNoObject(t *testing.T) {
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	for _, line := range []string{
		``, ` `, `{`, `}`, `[]`, `"x"`, `1`, `{"time":1`, `{"time":1}}`, `{"time":1}x`, `{"time":1}{}`, `{"time":1,}`, `{,"time":1}`, `{"time" 1}`, `{time:1}`,
		`{"time":1 "a":2}`, `{"time":01}`, `{"time":+1}`, `{"time":1.}`, `{"time":.5}`, `{"time":1e}`, `{"time":-}`, `{"a":"\x"}`, `{"a":"\u00g0"}`, `{"a":"\u00"}`,
		"{\"a\":\"\n\"}", `{"a":tru}`, `{"a":nul`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":[}`, `{"a":[1}}`, `{"a":{"b":1]}`, `{"a":{"b"}}`, `{"a":`, `{"a":"`, `{"a":"\`,
		deep(MaxDepth),
	} {
		names := Default()
		if h, ok := names.Parse([]byte(line)); ok || h.Found() {
			t.Errorf("%.100q: %+v, %v; want none", line, h, ok)
		}
	}
	names := Default()
	if _, ok := names.Parse([]byte(deep(MaxDepth - 1))); !ok {
		t.Errorf("an object %d deep is refused", MaxDepth)
	}
}

// TestNames looks for other names, and for none.
func TestNames(t *testing.T) {
	line := []byte(`{"@timestamp":5,"log.level":"warn","time":1,"host":"h"}`)
	names := Names{Time: []string{"@timestamp"}, Level: []string{"log.level"}}
	if h, ok := names.Parse(line); !ok || h.Time != 5e9 || h.Severity != 4 || h.Host != nil {
		t.Errorf("%+v, %v", h, ok)
	}
	if h, ok := new(Names).Parse(line); !ok || h.Found() {
		t.Errorf("without names: %+v, %v", h, ok)
	}
}

// TestAllocations: reading allocates nothing.
func TestAllocations(t *testing.T) {
	line := []byte(`{"time":"2026-11-26T15:04:05.123456789+01:00","level":"INFO+1","host":"h","msg":"\"quoted\"","a":{"b":[1,2.5e3,null]}}`)
	names := Default()
	if n := testing.AllocsPerRun(100, func() { names.Parse(line) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	line := []byte(`{"time":"2026-11-26T15:04:05.123456789+01:00","level":"INFO","msg":"a request was served","method":"GET","path":"/index.html","status":200,"took":0.0123}`)
	names := Default()
	b.SetBytes(int64(len(line)))
	for range b.N {
		if _, ok := names.Parse(line); !ok {
			b.Fatal("no object")
		}
	}
}
