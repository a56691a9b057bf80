package measure

// order returns the order in which n servers take their turns in a round:
// rotated by one each round and reversed every other, so that each follows
// each other one equally often.
func order(round, n int) []int {
	seq := make([]int, n)
	for i := range seq {
		seq[i] = (i + round/2) % n
	}
	if round%2 == 1 {
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			seq[i], seq[j] = seq[j], seq[i]
		}
	}
	return seq
}
