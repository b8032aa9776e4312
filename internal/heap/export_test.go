package heap

// Percent judges a series of rounds: cycles since the start, and bytes in use.
func Percent(rounds ...[2]uint64) (percent []int) {
	var k keeper
	for _, r := range rounds {
		k.judge(r[0])
		percent = append(percent, k.percent(r[1]))
	}
	return percent
}
