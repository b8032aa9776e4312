package duoclient

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// maxPages bounds every list: more than any account has, and an end to a
// server that never stops.
const maxPages = 10_000

// page is one answer of a paged list.
type page struct {
	items []json.RawMessage
	next  string // where the next page begins; "" after the last
}

// pager reads the page that begins at from; "" is the first.
type pager func(ctx context.Context, from string) (page, error)

// pages gives the objects of all pages, one request for each page, made when
// its first object is asked for. An error comes once, last. It ends with an
// error when a page begins where one began before, or after [maxPages].
func pages[T any](ctx context.Context, name string, read pager) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		from := ""
		seen := map[string]struct{}{from: {}}
		for range maxPages {
			p, err := read(ctx, from)
			if err != nil {
				yield(nil, err)
				return
			}
			if !give(ctx, name, p.items, yield) || p.next == "" {
				return
			}
			from = p.next
			if _, again := seen[from]; again {
				yield(nil, fault(name, "the list goes round in a circle", ErrMalformedResponse))
				return
			}
			seen[from] = struct{}{}
		}
		yield(nil, fault(name, fmt.Sprintf("the list has more than %d pages", maxPages), ErrMalformedResponse))
	}
}

// give yields the objects of one page, and reports whether more are wanted.
func give[T any](ctx context.Context, name string, items []json.RawMessage, yield func(*T, error) bool) bool {
	for _, raw := range items {
		if ctx.Err() != nil {
			yield(nil, ended(ctx, name))
			return false
		}
		v := new(T)
		if err := decode(raw, v); err != nil {
			yield(nil, fault(name, "an element of the list is not one object: "+err.Error(), ErrMalformedResponse))
			return false
		}
		if !yield(v, nil) {
			return false
		}
	}
	return true
}

// offsetPages is a list paged by limit and offset, with metadata beside the
// response.
func offsetPages[T any](ctx context.Context, a *api, path string, params *parameters, limit int) iter.Seq2[*T, error] {
	if params == nil {
		params = newParameters()
	}
	name := list(path, nil).name()
	return pages[T](ctx, name, func(ctx context.Context, from string) (page, error) {
		if from == "" {
			from = "0"
		}
		values := params.all()
		values.Set("limit", strconv.Itoa(limit))
		values.Set("offset", from)
		op := list(path, &parameters{values: values, faults: params.faults})
		e, err := a.do(ctx, op)
		if err != nil {
			return page{}, err
		}
		items, ok := elements(e.response)
		if !ok {
			return page{}, unexpected(op, "a list")
		}
		next, err := nextOffset(e.metadata, from)
		if err != nil {
			return page{}, fault(op.name(), err.Error(), ErrMalformedResponse)
		}
		return page{items: items, next: next}, nil
	})
}

// nextOffset reads metadata.next_offset: a number, a number in a string, null
// or nothing. An offset that does not move on would never end.
func nextOffset(metadata json.RawMessage, from string) (string, error) {
	raw := member(metadata, "next_offset")
	text, ok := scalar(raw)
	if len(raw) == 0 || string(raw) == "null" || ok && text == "" {
		return "", nil
	}
	next, err := strconv.ParseUint(text, 10, 53)
	if err != nil {
		return "", fmt.Errorf("next_offset is no offset")
	}
	if last, err := strconv.ParseUint(from, 10, 53); err != nil || next <= last {
		return "", fmt.Errorf("the list goes round in a circle: after offset %s comes %d", from, next)
	}
	return strconv.FormatUint(next, 10), nil
}

// cursorPages is a log of version 2: the entries stand in the member called
// entries, metadata beside them, and the next page begins at a cursor.
func cursorPages[T any](ctx context.Context, a *api, path, entries string, params *parameters) iter.Seq2[*T, error] {
	name := list(path, nil).name()
	return pages[T](ctx, name, func(ctx context.Context, from string) (page, error) {
		values := params.all()
		values.Set("limit", "1000")
		if from != "" {
			values.Set("next_offset", from)
		}
		op := list(path, &parameters{values: values, faults: params.faults})
		e, err := a.do(ctx, op)
		if err != nil {
			return page{}, err
		}
		items, ok := elements(member(e.response, entries))
		if !ok {
			return page{}, unexpected(op, "an object with a list "+entries)
		}
		next, ok := cursor(member(member(e.response, "metadata"), "next_offset"))
		if !ok {
			return page{}, fault(op.name(), "next_offset is no cursor", ErrMalformedResponse)
		}
		return page{items: items, next: next}, nil
	})
}

// cursor reads a text, or an array of texts that are sent joined by commas.
func cursor(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", true
	}
	if text, ok := scalar(raw); ok {
		return text, true
	}
	parts, ok := elements(raw)
	if !ok {
		return "", false
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		if texts[i], ok = scalar(part); !ok {
			return "", false
		}
	}
	return strings.Join(texts, ","), true
}

// member gives a member of an object, nil when there is none.
func member(raw json.RawMessage, name string) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	o, err := exactObject(raw)
	if err != nil {
		return nil
	}
	return o[name]
}
