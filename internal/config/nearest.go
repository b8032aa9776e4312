package config

// nearest returns the known word that a typing slip turns into key, or "".
func nearest(key string, known []string) string {
	const mostSlips = 2
	best, slips := "", mostSlips+1
	if len(key) > 40 {
		return ""
	}
	for _, k := range known {
		if d := distance(key, k); d < slips {
			best, slips = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
