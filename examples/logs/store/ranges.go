package store

import "slices"

// ranges is a set of numbers that come mostly in order: sorted intervals
// [lo, hi) that do not touch.
type ranges struct{ r [][2]uint64 }

// remove takes n out.
func (s *ranges) remove(n uint64) {
	for i, r := range s.r {
		if n < r[0] || n >= r[1] {
			continue
		}
		s.r = slices.Replace(s.r, i, i+1, [2]uint64{r[0], n}, [2]uint64{n + 1, r[1]})
		s.r = slices.DeleteFunc(s.r, func(r [2]uint64) bool { return r[0] == r[1] })
		return
	}
}

// add adds n and reports whether it is new.
func (s *ranges) add(n uint64) bool {
	if last := len(s.r) - 1; last >= 0 && s.r[last][1] == n {
		s.r[last][1]++ // as nearly always
		return true
	}
	// i is the first interval that ends at n or later.
	i, _ := slices.BinarySearchFunc(s.r, n, func(r [2]uint64, n uint64) int {
		if r[1] < n {
			return -1
		}
		return 1
	})
	if i == len(s.r) {
		s.r = append(s.r, [2]uint64{n, n + 1})
		return true
	}
	if s.r[i][0] <= n && n < s.r[i][1] {
		return false
	}
	below := s.r[i][1] == n // i ends where n is
	next := i
	if below {
		next++
	}
	above := next < len(s.r) && s.r[next][0] == n+1 // next begins behind n
	switch {
	case below && above:
		s.r[i][1] = s.r[next][1]
		s.r = slices.Delete(s.r, next, next+1)
	case below:
		s.r[i][1]++
	case above:
		s.r[next][0] = n
	default:
		s.r = slices.Insert(s.r, i, [2]uint64{n, n + 1})
	}
	return true
}
