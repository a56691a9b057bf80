package poller

import "testing"

func TestDenied(t *testing.T) {
	for _, c := range []struct {
		release string
		mode    Mode
		want    Feature
	}{
		{"6.5.13", Dedicated, 0},
		{"6.6.1-generic", Dedicated, FeatMultishotAccept},
		{"6.7.12", Dedicated, FeatMultishotAccept},
		{"6.7.12", Shared, 0},
		{"6.8.0-rc5", Dedicated, 0},
		{"6.18.44-fc-v595", Dedicated, 0},
		{"7.0", Dedicated, 0},
		{"what", Dedicated, 0},
	} {
		f, notes := denied(c.release, c.mode)
		if f != c.want || (f != 0) != (len(notes) > 0) {
			t.Errorf("denied(%q, %v) = %v, %q; want %v", c.release, c.mode, f, notes, c.want)
		}
	}
}
