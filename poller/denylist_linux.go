package poller

import "fmt"

// version is a kernel's major and minor number.
type version struct{ major, minor int }

func (v version) before(w version) bool {
	return v.major < w.major || v.major == w.major && v.minor < w.minor
}

// kernelBug is a bug that no probe can find in time, so that the version has
// to do. The bounds are generous: a kernel without the bug loses little.
type kernelBug struct {
	from, until version // until is the first without it
	mode        Mode
	feature     Feature // done without
	reference   string
}

var kernelBugs = []kernelBug{
	// A multishot accept returns a bogus descriptor, 6.6.1 to 6.8-rc3.
	{version{6, 6}, version{6, 8}, Dedicated, FeatMultishotAccept, "liburing#1062"},
}

// denied returns the features to do without on a kernel of that release in
// that mode, and why.
func denied(release string, mode Mode) (f Feature, notes []string) {
	var v version
	if _, err := fmt.Sscanf(release, "%d.%d", &v.major, &v.minor); err != nil {
		return 0, nil
	}
	for _, b := range kernelBugs {
		if mode == b.mode && !v.before(b.from) && v.before(b.until) {
			f |= b.feature
			notes = append(notes, fmt.Sprintf("without %v, which has a bug in kernel %s (%s)", b.feature, release, b.reference))
		}
	}
	return f, notes
}
