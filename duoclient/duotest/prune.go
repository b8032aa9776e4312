package duotest

import "maps"

// pruneAt is how many open offers, links and the like may gather before the
// old ones are looked for.
const pruneAt = 1000

// prune forgets what is over, when much has gathered.
func prune[K comparable, V any](m map[K]V, over func(V) bool) {
	if len(m) >= pruneAt {
		maps.DeleteFunc(m, func(_ K, v V) bool { return over(v) })
	}
}
