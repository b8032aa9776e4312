package throttle

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLRU compares the linked slice with a plain list of keys, oldest first.
func TestLRU(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 8).Draw(t, "capacity")
		l := newLRU[uint64](capacity)
		var model []key
		t.Repeat(map[string]func(*rapid.T){
			"obtain": func(t *rapid.T) {
				k := key{rapid.Uint64Range(0, 12).Draw(t, "key")}
				v := l.obtain(k)
				if i := slices.Index(model, k); i >= 0 {
					if *v != k[0] {
						t.Fatalf("obtain(%d) = %d", k[0], *v)
					}
					model = slices.Delete(model, i, i+1)
				} else if *v != 0 {
					t.Fatalf("obtain of a new key = %d, want 0", *v)
				}
				*v = k[0]
				model = append(model, k)
				model = model[max(0, len(model)-capacity):]
			},
			"find": func(t *rapid.T) {
				k := key{rapid.Uint64Range(0, 12).Draw(t, "key")}
				v, i := l.find(k), slices.Index(model, k)
				if (v != nil) != (i >= 0) {
					t.Fatalf("find(%d) known: %t, want %t", k[0], v != nil, i >= 0)
				}
				if i >= 0 {
					model = append(slices.Delete(model, i, i+1), k)
				}
			},
			"": func(t *rapid.T) {
				var got []key
				for i := l.oldest; i != none; i = l.nodes[i].newer {
					got = append(got, l.nodes[i].key)
				}
				if !slices.Equal(got, model) || len(l.index) != len(model) {
					t.Fatalf("oldest first %v, index of %d, want %v", got, len(l.index), model)
				}
			},
		})
	})
}
