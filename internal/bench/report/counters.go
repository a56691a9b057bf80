package report

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// Counters writes what the engine of each server counted in a cell, per
// request.
func Counters(w io.Writer, c measure.Cell) {
	for _, s := range c.Servers {
		var total uint64
		for _, slice := range s.Slices {
			total += slice.Total
		}
		if total == 0 || len(s.Counters) == 0 {
			continue
		}
		fmt.Fprintf(w, "      %s, %d requests, each:", s.Name, total)
		for _, name := range slices.Sorted(maps.Keys(s.Counters)) {
			if n := s.Counters[name]; n > 0 {
				fmt.Fprintf(w, " %s %.3f", name, float64(n)/float64(total))
			}
		}
		fmt.Fprintln(w)
	}
}
