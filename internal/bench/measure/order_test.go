package measure

import (
	"reflect"
	"slices"
	"testing"
)

func TestOrderOfTwo(t *testing.T) {
	var got [][]int
	for round := range 4 {
		got = append(got, order(round, 2))
	}
	if want := [][]int{{0, 1}, {1, 0}, {1, 0}, {0, 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestOrderGivesEveryPlaceEquallyOften(t *testing.T) {
	for n := 1; n <= 5; n++ {
		places := make([][]int, n) // how often each server has each place
		for i := range places {
			places[i] = make([]int, n)
		}
		for round := range 2 * n {
			seq := order(round, n)
			for place, server := range seq {
				places[server][place]++
			}
			if slices.Sort(seq); seq[0] != 0 || seq[n-1] != n-1 || len(slices.Compact(seq)) != n {
				t.Fatalf("round %d of %d servers: %v", round, n, seq)
			}
		}
		for server, counts := range places {
			if slices.Min(counts) != slices.Max(counts) {
				t.Errorf("server %d of %d has its places %v times", server, n, counts)
			}
		}
	}
}
