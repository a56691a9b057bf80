package syslog

import (
	"sync/atomic"
	"time"
)

// period is a time in which a location's offset does not change.
type period struct {
	start, end int64 // Unix seconds, end is not part of it
	offset     int64 // seconds east of UTC
	name       string
}

// calendar holds the offsets of a location in the year before a year, in it, and in
// the year after it. Nothing is written to it once it is made.
type calendar struct {
	location *time.Location
	year     int
	from, to int64     // of the year in that location, Unix seconds
	months   [13]int64 // when the year's months begin, Unix seconds as if it were UTC; 0 is not used
	periods  []period
}

// current is the calendar that was used last. A server has one location and one year,
// so that it is replaced once a year.
var current atomic.Pointer[calendar]

// calendarOf returns the calendar of the year of now in its location.
func calendarOf(now *time.Time) *calendar {
	sec := now.Unix()
	if c := current.Load(); c != nil && c.location == now.Location() && sec >= c.from && sec < c.to {
		return c
	}
	c := newCalendar(now)
	current.Store(c)
	return c
}

// maxPeriods is more than any location has had in three years.
const maxPeriods = 64

// margin is more than any offset, and any difference of two: seconds.
const margin = 2 * 86400

func newCalendar(now *time.Time) *calendar {
	year, l := now.Year(), now.Location()
	c := &calendar{
		location: l, year: year,
		from: time.Date(year, 1, 1, 0, 0, 0, 0, l).Unix(), to: time.Date(year+1, 1, 1, 0, 0, 0, 0, l).Unix(),
	}
	for m := 1; m <= 12; m++ {
		c.months[m] = days(year, m, 1) * 86400
	}
	first, last := days(year-1, 1, 1)*86400-margin, days(year+2, 1, 1)*86400+margin
	for start := first; start < last && len(c.periods) < maxPeriods; {
		t := time.Unix(start, 0).In(l)
		name, offset := t.Zone()
		end := last
		if _, e := t.ZoneBounds(); !e.IsZero() {
			end = min(e.Unix(), last)
		}
		c.periods = append(c.periods, period{start, end, int64(offset), name})
		start = end
	}
	return c
}

// instant returns the Unix seconds of a clock's reading in the location: of an hour
// that comes twice, the one nearest to near; of one that is left out, that by the
// offset before.
func (c *calendar) instant(wall, near int64) int64 {
	ps := c.periods
	if wall < ps[0].start+margin || wall >= ps[len(ps)-1].end-margin {
		return c.elsewhere(wall)
	}
	if len(ps) == 1 {
		return wall - ps[0].offset
	}
	best, found := int64(0), false
	skipped := ps[0].offset
	for i := range ps {
		p := &ps[i]
		t := wall - p.offset
		if t < p.start {
			break
		}
		if t < p.end && (!found || distance(t, near) < distance(best, near)) {
			best, found = t, true
		}
		skipped = p.offset
	}
	if !found {
		return wall - skipped
	}
	return best
}

// elsewhere is instant outside the calendar's years, as package time has it.
func (c *calendar) elsewhere(wall int64) int64 {
	t := time.Unix(wall, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, c.location).Unix()
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

// offsetNamed returns the offset that the location gives a name.
func (c *calendar) offsetNamed(name []byte) (offset int64, ok bool) {
	for i := range c.periods {
		if c.periods[i].name == string(name) {
			return c.periods[i].offset, true
		}
	}
	return 0, false
}
