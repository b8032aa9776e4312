package duotest

import (
	"math"
	"strconv"
)

// defaultLimit is how long a page is when nobody says.
const defaultLimit = 100

// listing is a response with the metadata of its page.
type listing struct {
	items    []any
	metadata object
}

// pageOfItems cuts the page that the call asks for out of a list and renders
// it. A limit over the maximum is clamped; the last page has no next_offset.
func pageOfItems[T any](c *apiCall, items []T, most int, render func(T) any) (any, error) {
	limit, err := c.number("limit", defaultLimit, 1, math.MaxInt)
	if err != nil {
		return nil, err
	}
	limit = min(limit, most)
	offset, err := c.number("offset", 0, 0, math.MaxInt)
	if err != nil {
		return nil, err
	}
	from := min(offset, len(items))
	to := min(from+limit, len(items))
	out := listing{items: make([]any, 0, to-from)}
	for _, item := range items[from:to] {
		out.items = append(out.items, render(item))
	}
	if to < len(items) {
		out.metadata = append(out.metadata, member{"next_offset", to})
	}
	if offset > 0 || to < len(items) {
		out.metadata = append(out.metadata, member{"prev_offset", max(0, offset-limit)})
	}
	out.metadata = append(out.metadata, member{"total_objects", len(items)})
	return out, nil
}

// whole is a list without pages.
func whole[T any](items []T, render func(T) any) []any {
	out := make([]any, 0, len(items))
	for _, item := range items {
		out = append(out, render(item))
	}
	return out
}

// cutLog keeps what is newer than mintime, in seconds, and at most a thousand
// of it, as the logs of version 1 do.
func cutLog[T any](c *apiCall, entries []T, second func(T) int64) ([]T, error) {
	from := int64(0)
	if text := c.text("mintime"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return nil, errInvalid("mintime")
		}
		from = n
	}
	var out []T
	for _, e := range entries {
		if second(e) >= from && len(out) < 1000 {
			out = append(out, e)
		}
	}
	return out, nil
}
