package query

import (
	"errors"
	"math"
	"net/netip"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/stats"
)

// A Query says which logs are wanted. The zero value wants all of them. It is set before
// it is used, and not for use by several goroutines while it runs.
type Query struct {
	// Last is how many logs are wanted, the newest of those that match; 0: all.
	Last int
	// Now is what times like "90m" are before; zero: time.Now when they are set.
	Now time.Time

	grep       string
	fold       bool // ignore case
	invert     bool
	pattern    *regexp.Regexp // of grep and fold
	hosts      []string       // patterns of package path
	apps       []string
	peers      []netip.Prefix
	facilities uint32 // a bit for each; 0: all
	lenient    uint8  // how many severities, the least severe first, are left out
	malformed  bool   // only those
	since      int64  // Unix nanoseconds; 0: no limit
	until      int64
	byMessage  bool // since and until are of the message's own time

	unfinished *parts // as Run left them, for Follow
}

// maxText is how long a pattern or a name may be, in bytes.
const maxText = 4096

// maxValues is how many values a name may be given.
const maxValues = 1000

// A setting is something that can be asked for.
type setting struct {
	name string
	many bool // it may be given several times
	flag bool // it may be given without a value
	help string
	set  func(q *Query, value string) (want string) // "" if it is accepted
}

// settings are what Set accepts.
var settings = []setting{
	{"since", false, false, "only logs of this `time` and later: 2026-01-02, \"2026-01-02 15:04:05\", RFC 3339, or\nhow long ago, as 90m", func(q *Query, v string) string { return setTime(&q.since, v, q.Now) }},
	{"until", false, false, "only logs of this `time` and earlier", func(q *Query, v string) string { return setTime(&q.until, v, q.Now) }},
	{"time", false, false, "`which` time -since and -until are about: received, or message for its own (default\nreceived)", (*Query).setTimeKind},
	{"grep", false, false, "only logs that match this regular `expression` (RE2, as Go has it)", (*Query).setGrep},
	{"v", false, true, "with -grep: only logs that do not match", func(q *Query, v string) string { return setBool(&q.invert, v) }},
	{"i", false, true, "with -grep: upper and lower case are the same", func(q *Query, v string) string { return setBool(&q.fold, v) }},
	{"host", true, false, "only logs that name a `host` like this: web-*, db[12]; may be repeated", func(q *Query, v string) string { return addPattern(&q.hosts, v) }},
	{"app", true, false, "only logs that name a program like this `pattern`; may be repeated", func(q *Query, v string) string { return addPattern(&q.apps, v) }},
	{"facility", true, false, "only logs of these `facilities`: names as kern, auth or local0, or 0 to 23; comma-separated\nor repeated", (*Query).addFacilities},
	{"severity", false, false, "only logs of this `severity` and worse: emerg, alert, crit, err, warning, notice,\ninfo, debug or 0 to 7", (*Query).setSeverity},
	{"peer", true, false, "only logs that came from this `address` or network, as 10.1.0.0/16; may be repeated", (*Query).addPeer},
	{"malformed", false, true, "only logs whose header could not be parsed", func(q *Query, v string) string { return setBool(&q.malformed, v) }},
	{"n", false, false, "only the last `n`; 0: all", (*Query).setLast},
}

// Names are what Set accepts.
func Names() (names []string) {
	for _, s := range settings {
		names = append(names, s.name)
	}
	return names
}

// lookup finds a setting.
func lookup(name string) (setting, bool) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	if i < 0 {
		return setting{}, false
	}
	return settings[i], true
}

// Set sets what is wanted by name. The error is a *Refusal.
func (q *Query) Set(name, value string) error {
	s, ok := lookup(name)
	if !ok {
		return &Refusal{"parameter", name, "one of " + strings.Join(Names(), ", ")}
	}
	if want := s.set(q, value); want != "" {
		return &Refusal{name, value, want}
	}
	return nil
}

func setTime(t *int64, value string, now time.Time) string {
	if now.IsZero() {
		now = time.Now()
	}
	ns, ok := parseTime(value, now)
	if !ok {
		return `a time like 2026-01-02, "2026-01-02 15:04:05" or 90m (ago)`
	}
	*t = ns
	return ""
}

// Years whose times fit into Unix nanoseconds.
const minYear, maxYear = 1678, 2261

// parseTime reads a point in time, or how long before now it is.
func parseTime(s string, now time.Time) (int64, bool) {
	t, ok := now, false
	if d, err := time.ParseDuration(s); err == nil {
		t, ok = now.Add(-d), true
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if at, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			t, ok = at, true
		}
	}
	if year := t.UTC().Year(); !ok || year < minYear || year > maxYear {
		return 0, false
	}
	if ns := t.UnixNano(); ns != 0 {
		return ns, true
	}
	return 1, true // 0 is no limit
}

func (q *Query) setTimeKind(v string) string {
	if v != "received" && v != "message" {
		return "received or message"
	}
	q.byMessage = v == "message"
	return ""
}

func (q *Query) setGrep(v string) string {
	if len(v) > maxText {
		return "an expression of at most " + strconv.Itoa(maxText) + " bytes"
	}
	q.grep = v
	return q.compile()
}

// compile makes the pattern of what is set.
func (q *Query) compile() string {
	text := q.grep
	if q.fold {
		text = "(?i)" + text
	}
	var err error
	if q.pattern, err = regexp.Compile(text); err != nil {
		want := "a regular expression of RE2"
		var e *syntax.Error
		if errors.As(err, &e) {
			want += " (" + string(e.Code) + ")" // and not what it is about, which is in the value
		}
		return want
	}
	return ""
}

func setBool(b *bool, v string) string {
	on, err := strconv.ParseBool(v)
	if err != nil {
		return "true or false"
	}
	*b = on
	return ""
}

func addPattern(list *[]string, v string) string {
	if _, err := path.Match(v, ""); err != nil || v == "" || len(v) > maxText {
		return "a name or a pattern of *, ? and [a-z]"
	}
	return addTo(list, v)
}

func addTo[T any](list *[]T, v T) string {
	if len(*list) >= maxValues {
		return "at most " + strconv.Itoa(maxValues) + " of them"
	}
	*list = append(*list, v)
	return ""
}

func (q *Query) addFacilities(v string) string {
	var set uint32
	for name := range strings.SplitSeq(v, ",") {
		n, ok := parseName(strings.TrimSpace(name), FacilityNames[:])
		if !ok {
			return "one of " + strings.Join(FacilityNames[:], ", ") + ", or 0 to 23"
		}
		set |= 1 << n
	}
	q.facilities |= set
	return ""
}

func (q *Query) setSeverity(v string) string {
	n, ok := parseName(v, stats.SeverityNames[:])
	if !ok {
		return "one of " + strings.Join(stats.SeverityNames[:], ", ") + ", or 0 to 7"
	}
	q.lenient = 7 - uint8(n)
	return ""
}

// parseName reads one of the names, or the number of one.
func parseName(s string, names []string) (int, bool) {
	if i := slices.Index(names, s); i >= 0 {
		return i, true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return int(n), err == nil && n < uint64(len(names))
}

func (q *Query) addPeer(v string) string {
	p, err := netip.ParsePrefix(v)
	if a, err2 := netip.ParseAddr(v); err2 == nil {
		a = a.Unmap().WithZone("")
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if err != nil {
		return "an address or a network, as 10.1.2.3, 10.1.0.0/16 or 2001:db8::/32"
	}
	return addTo(&q.peers, p)
}

func (q *Query) setLast(v string) string {
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil {
		return "0 or more, " + strconv.Itoa(math.MaxInt32) + " at most"
	}
	q.Last = int(n)
	return ""
}
