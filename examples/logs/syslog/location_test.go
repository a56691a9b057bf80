package syslog

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// parseStamp parses a message with that time.
func parseStamp(stamp string, now time.Time) (time.Time, bool) {
	h, ok := Parse([]byte("<13>"+stamp+" host app: text"), now)
	return time.Unix(0, h.Time).In(now.Location()), ok
}

// TestYear checks which year a time without one is of.
func TestYear(t *testing.T) {
	for _, c := range []struct{ received, stamp, want string }{
		{"2026-03-05T12:00:00Z", "Mar  5 11:59:59", "2026-03-05T11:59:59Z"},
		{"2026-03-05T12:00:00Z", "Mar  7 12:00:00", "2026-03-07T12:00:00Z"},
		{"2026-12-31T23:59:59Z", "Jan  1 00:00:00", "2027-01-01T00:00:00Z"},
		{"2026-12-31T23:59:59Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"},
		{"2027-01-01T00:00:00Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"},
		{"2027-01-01T00:00:00Z", "Jan  1 00:00:00", "2027-01-01T00:00:00Z"},
		{"2026-12-31T12:00:00Z", "Jan  2 12:00:00", "2027-01-02T12:00:00Z"},
		{"2027-01-02T12:00:00Z", "Dec 25 12:00:00", "2026-12-25T12:00:00Z"},
		{"2027-01-02T12:00:00Z", "Jun 30 00:00:00", "2027-06-30T00:00:00Z"}, // 178.5 days ahead, 186.5 back
		{"2027-01-02T12:00:00Z", "Jul  5 00:00:00", "2026-07-05T00:00:00Z"},
		{"2027-07-03T00:00:00Z", "Jan  1 00:00:00", "2028-01-01T00:00:00Z"}, // 182 days ahead, 183 back
		{"2027-07-02T00:00:00Z", "Jan  1 00:00:00", "2027-01-01T00:00:00Z"},
		// A leap day: at receipt, on the days around it, up to a year from it.
		{"2028-02-29T10:00:00Z", "Feb 29 10:00:00", "2028-02-29T10:00:00Z"},
		{"2028-03-01T00:00:00Z", "Feb 29 23:59:59", "2028-02-29T23:59:59Z"},
		{"2028-02-28T23:59:59Z", "Feb 29 00:00:00", "2028-02-29T00:00:00Z"},
		{"2027-12-31T00:00:00Z", "Feb 29 00:00:00", "2028-02-29T00:00:00Z"},
		{"2029-01-31T00:00:00Z", "Feb 29 00:00:00", "2028-02-29T00:00:00Z"},
		{"2027-03-01T00:00:00Z", "Feb 29 00:00:00", "2028-02-29T00:00:00Z"},
		{"2027-02-27T00:00:00Z", "Feb 29 00:00:00", ""},
		{"2029-03-02T00:00:01Z", "Feb 29 00:00:00", ""},
		{"2030-02-28T00:00:00Z", "Feb 29 00:00:00", ""},
		{"2100-02-28T00:00:00Z", "Feb 29 00:00:00", ""}, // not a leap year
		// The year of a sender whose zone is named.
		{"2027-01-01T00:30:00Z", "Dec 31 12:30:00 -1200", "2027-01-01T00:30:00Z"},
		{"2026-12-31T12:00:00Z", "Jan  1 02:00:00 +1400", "2026-12-31T12:00:00Z"},
		{"2026-12-31T23:59:00Z", "Jan  1 00:59:00 CET:", "2026-12-31T23:59:00Z"},
		{"2027-01-01T00:30:00Z", "Dec 31 19:30:00 EST:", "2027-01-01T00:30:00Z"},
	} {
		received, _ := time.Parse(time.RFC3339, c.received)
		got, ok := parseStamp(c.stamp, received)
		if c.want == "" && ok || c.want != "" && (!ok || got.UnixNano() != at(c.want)) {
			t.Errorf("%s, received at %s: %v, %v; want %q", c.stamp, c.received, got, ok, c.want)
		}
	}
}

// TestSenderZones sends in every zone for the days around New Year and a leap day to a
// server in UTC: what it makes of the time is wrong by the zone alone.
func TestSenderZones(t *testing.T) {
	for _, around := range []string{"2026-12-31T23:30:00Z", "2028-02-29T12:00:00Z"} {
		middle, _ := time.Parse(time.RFC3339, around)
		for h := -30; h <= 30; h++ {
			received := middle.Add(time.Duration(h) * time.Hour)
			for offset := -12; offset <= 14; offset++ {
				sender := time.FixedZone("", offset*3600)
				sent := received.In(sender).Format(time.Stamp)
				got, ok := parseStamp(sent, received)
				if want := received.Add(time.Duration(offset) * time.Hour); !ok || !got.Equal(want) {
					t.Errorf("%s from %+d at %v: %v, %v; want %v", sent, offset, received, got, ok, want)
				}
			}
		}
	}
}

// TestOffset checks hours in which, and dates on which, the location's offset is another
// than at receipt.
func TestOffset(t *testing.T) {
	for _, c := range []struct{ location, received, stamp, want string }{
		{"Europe/Berlin", "2026-03-29T02:00:00Z", "Mar 29 01:59:59", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "2026-03-29T00:00:00Z", "Mar 29 03:00:00", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-29T00:00:00Z", "Mar 29 02:30:00", "2026-03-29T01:30:00Z"}, // left out
		{"Europe/Berlin", "2026-07-01T00:00:00Z", "Jan  5 12:00:00", "2026-01-05T11:00:00Z"},
		{"Europe/Berlin", "2026-01-01T00:00:00Z", "Jul  1 12:00:00", "2026-07-01T10:00:00Z"},
		{"Europe/Berlin", "2026-10-25T00:35:00Z", "Oct 25 02:30:00", "2026-10-25T00:30:00Z"}, // comes twice: the first
		{"Europe/Berlin", "2026-10-25T01:35:00Z", "Oct 25 02:30:00", "2026-10-25T01:30:00Z"}, // and the second
		{"Europe/Berlin", "2026-10-25T01:35:00Z", "Oct 25 02:30:00 CEST:", "2026-10-25T00:30:00Z"},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T01:59:59", "2026-10-24T23:59:59Z"},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "1980-07-01T12:00:00", "1980-07-01T10:00:00Z"},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "2099-07-01T12:00:00", "2099-07-01T10:00:00Z"},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "1700 Jul  1 12:00:00", "1700-07-01T11:06:32Z"}, // local mean time
		{"America/New_York", "2027-01-01T04:59:59Z", "Jan  1 00:00:00", "2027-01-01T05:00:00Z"},
		{"America/New_York", "2026-11-01T06:10:00Z", "Nov  1 01:05:00", "2026-11-01T06:05:00Z"},
		{"America/New_York", "2026-11-01T12:00:00Z", "Nov  1 00:05:00", "2026-11-01T04:05:00Z"},
		{"America/New_York", "2026-11-01T12:00:00Z", "Nov  1 00:05:00 CST:", "2026-11-01T06:05:00Z"},
		{"Asia/Shanghai", "2026-11-01T12:00:00Z", "Nov  1 00:05:00 CST:", "2026-10-31T16:05:00Z"},  // the location's CST
		{"Australia/Sydney", "2026-10-04T00:00:00Z", "Oct  4 02:30:00", "2026-10-03T16:30:00Z"},    // left out, in a year that begins in summer
		{"Australia/Lord_Howe", "2026-04-04T15:20:00Z", "Apr  5 01:45:00", "2026-04-04T15:15:00Z"}, // by half an hour
		{"Pacific/Apia", "2012-01-01T00:00:00Z", "Dec 29 12:00:00", "2011-12-29T22:00:00Z"},
		{"Pacific/Apia", "2012-01-01T00:00:00Z", "Dec 30 12:00:00", "2011-12-30T22:00:00Z"}, // a day left out
		{"Pacific/Apia", "2012-01-01T00:00:00Z", "Dec 31 12:00:00", "2011-12-30T22:00:00Z"},
		{"Pacific/Kiritimati", "2026-12-31T10:00:00Z", "Jan  1 00:00:00", "2026-12-31T10:00:00Z"},
		{"Etc/GMT+12", "2027-01-01T11:59:00Z", "Dec 31 23:59:00", "2027-01-01T11:59:00Z"},
		{"Asia/Kathmandu", "2026-06-01T00:00:00Z", "Jun  1 05:45:00", "2026-06-01T00:00:00Z"},
	} {
		received, _ := time.Parse(time.RFC3339, c.received)
		if got, ok := parseStamp(c.stamp, received.In(location(t, c.location))); !ok || got.UnixNano() != at(c.want) {
			t.Errorf("%s in %s, received at %s: %v, %v; want %s", c.stamp, c.location, c.received, got.UTC(), ok, c.want)
		}
	}
}

// TestHours compares hours of ten years with package time, in locations that
// change their offsets on all kinds of occasions.
func TestHours(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia", "America/Caracas", "Asia/Pyongyang", "Antarctica/Troll", "Pacific/Chatham"} {
		l := location(t, name)
		wrong := 0
		for sec := at("2009-12-30T00:00:00Z") / 1e9; sec < at("2019-01-03T00:00:00Z")/1e9 && wrong < 5; sec += 11400 {
			sent := time.Unix(sec, 0).In(l)
			for _, late := range []time.Duration{0, 3 * time.Minute, -3 * time.Minute} {
				if got, ok := parseStamp(sent.Format(time.Stamp), sent.Add(late)); !ok || !got.Equal(sent) {
					wrong++
					t.Errorf("%s: %v is %v, %v", name, sent, got, ok)
				}
			}
			// With a year, at an arbitrary time of receipt.
			if got, ok := parseStamp(sent.Format("2006-01-02T15:04:05"), now.In(l)); !ok || got.Format(time.Stamp) != sent.Format(time.Stamp) {
				wrong++
				t.Errorf("%s: %v with a year is %v, %v", name, sent, got, ok)
			}
		}
	}
}

// TestConcurrent parses in several locations and years at once.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for i, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"} {
		l := location(t, name)
		wg.Go(func() {
			for n := range 2000 {
				sent := time.Date(2020+n%3, time.Month(1+n%12), 1+n%28, n%24, n%60, i, 0, l)
				if got, ok := parseStamp(sent.Format(time.Stamp), sent); !ok || !got.Equal(sent) && fmt.Sprint(sent.Zone()) == fmt.Sprint(got.Zone()) {
					t.Errorf("%s: %v is %v, %v", name, sent, got, ok)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestCalendarKept checks that one location and one year need one calendar.
func TestCalendarKept(t *testing.T) {
	l := location(t, "Europe/Berlin")
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, l)
	last := time.Date(2026, 12, 31, 23, 59, 59, 999, l)
	other := time.Date(2027, 1, 1, 0, 0, 0, 0, l)
	c := calendarOf(&first)
	if calendarOf(&last) != c || calendarOf(&first) != c {
		t.Error("a calendar is made twice in a year")
	}
	if d := calendarOf(&other); d == c || d.year != 2027 {
		t.Errorf("the calendar of 2027 is that of %d", d.year)
	}
}
