package audit

import "slices"

// span is a range of sequences, both ends in it.
type span struct{ from, to uint64 }

// spans are ascending and apart.
type spans []span

func (s spans) tidy() spans {
	return slices.DeleteFunc(s, func(p span) bool { return p.to < p.from || p.to == 0 })
}

// common is the first part of from to to that is in s.
func (s spans) common(from, to uint64) (span, bool) {
	for _, p := range s {
		if c := (span{max(p.from, from), min(p.to, to)}); c.from <= c.to {
			return c, true
		}
	}
	return span{}, false
}

// without is s less a part of it.
func (s spans) without(part span) spans {
	var rest spans
	for _, p := range s {
		if p.to < part.from || p.from > part.to {
			rest = append(rest, p)
			continue
		}
		if p.from < part.from {
			rest = append(rest, span{p.from, part.from - 1})
		}
		if p.to > part.to {
			rest = append(rest, span{part.to + 1, p.to})
		}
	}
	return rest
}
