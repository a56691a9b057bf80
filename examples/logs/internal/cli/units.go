package cli

import (
	"errors"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

// units are the suffixes of sizes. One letter is short for a binary unit.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40},
	{"B", 1}, {"", 1},
}

// String writes the size in the greatest binary unit that fits, so that ParseSize
// reads the same number.
func (s Size) String() string {
	for i := 3; i >= 0; i-- {
		if u := Size(units[i].bytes); s >= u && s%u == 0 {
			return strconv.FormatInt(int64(s/u), 10) + units[i].suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// ParseSize reads a number that is not negative, with a unit or without: 64MiB,
// 64m, 10MB, 500000.
func ParseSize(text string) (Size, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0) || v*u.bytes >= math.MaxInt64 {
			break
		}
		return Size(v * u.bytes), nil
	}
	return 0, errors.New("not a size")
}

// day is the unit of durations that package time does not have.
const day = 24 * time.Hour

// ParseDuration reads what time.ParseDuration does, and a number of days: 7d.
func ParseDuration(text string) (time.Duration, error) {
	number, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(math.Abs(v)*float64(day) < math.MaxInt64) {
		return 0, errors.New("not a number of days")
	}
	return time.Duration(v * float64(day)), nil
}

// FormatDuration writes a duration as ParseDuration reads it, without the zero
// units that its String has: 1h, not 1h0m0s.
func FormatDuration(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// parseMode reads the permissions of a file, in octal digits.
func parseMode(text string) (fs.FileMode, error) {
	v, err := strconv.ParseUint(text, 8, 32)
	if err != nil || v > 0o777 {
		return 0, errors.New("not permissions")
	}
	return fs.FileMode(v), nil
}
