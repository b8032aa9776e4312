package sqlite

import (
	"context"
	"iter"
	"slices"
	"strings"

	"mfaserver/internal/audit"
)

// searchPage is how many entries one reading step of a search takes.
const searchPage = 500

// Search implements [audit.Index]. It holds nothing of the file while the
// caller looks at an entry. Users, transactions, sessions and addresses are
// found by an index; all else is looked for among the entries that these and
// the bounds leave.
func (x *auditIndex) Search(ctx context.Context, f audit.Filter) iter.Seq2[audit.IndexEntry, error] {
	return func(yield func(audit.IndexEntry, error) bool) {
		if f.Newest && f.Limit > 0 {
			x.searchNewest(ctx, f, yield)
			return
		}
		left := f.Limit
		for page := f; ; {
			entries, more, err := x.page(ctx, &page, searchPage)
			if err != nil {
				yield(audit.IndexEntry{}, err)
				return
			}
			for i := range entries {
				page.After = entries[i].Sequence
				if !f.MatchIndex(&entries[i]) {
					continue
				}
				if !yield(entries[i], nil) || left == 1 {
					return
				}
				left--
			}
			if !more {
				return
			}
		}
	}
}

// searchNewest collects backward, and yields forward.
func (x *auditIndex) searchNewest(ctx context.Context, f audit.Filter, yield func(audit.IndexEntry, error) bool) {
	var found []audit.IndexEntry
	page := f
	for more := true; more && len(found) < f.Limit; {
		entries, further, err := x.page(ctx, &page, searchPage)
		if err != nil {
			yield(audit.IndexEntry{}, err)
			return
		}
		more = further
		for i := range entries {
			page.Before = entries[i].Sequence
			if f.MatchIndex(&entries[i]) && len(found) < f.Limit {
				found = append(found, entries[i])
			}
		}
		// Before 0 would mean no bound, and nothing is before the first one.
		more = more && page.Before != 0
	}
	for _, e := range slices.Backward(found) {
		if !yield(e, nil) {
			return
		}
	}
}

// page reads up to limit entries, all that the filter wants among them; more
// says that there may be further ones.
func (x *auditIndex) page(ctx context.Context, f *audit.Filter, limit int) (entries []audit.IndexEntry, more bool, err error) {
	done, err := x.use()
	if err != nil {
		return nil, false, err
	}
	defer done()
	query, args := x.query(f, limit)
	rows, err := x.pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, false, fault("search audit trail", err)
	}
	err = eachRow("search audit trail", rows, func(scan func(...any) error) error {
		e, err := x.entry(scan)
		entries = append(entries, e)
		return err
	})
	return entries, len(entries) == limit, err
}

// query asks for what can be told from the columns.
func (x *auditIndex) query(f *audit.Filter, limit int) (string, []any) {
	where := []string{"sequence > ?"}
	args := []any{order(f.After)}
	also := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if f.Before != 0 {
		also("sequence < ?", order(f.Before))
	}
	if f.User != "" {
		also("user = ?", x.user(f.User))
	}
	for _, term := range []struct{ condition, value string }{
		{"tx = ?", f.Transaction}, {"session = ?", f.Session}, {"request = ?", f.Request},
	} {
		if term.value != "" {
			also(term.condition, term.value)
		}
	}
	if f.Source.IsValid() {
		also("source = ?", x.source(f.Source))
	}
	if family, ok := strings.CutSuffix(string(f.Event), "."); ok {
		also("event > ? AND event < ?", family+".", family+"/") // a slash follows a dot
	} else if f.Event != "" {
		also("event = ?", string(f.Event))
	}
	if !f.From.IsZero() {
		also("time >= ?", nanos(f.From))
	}
	if !f.To.IsZero() {
		also("time <= ?", nanos(f.To)) // not less, for what no column can say; see nanos
	}
	direction := ""
	if f.Newest && f.Limit > 0 {
		direction = " DESC"
	}
	args = append(args, limit)
	return "SELECT sequence, record FROM entries WHERE " + strings.Join(where, " AND ") + " ORDER BY sequence" + direction + " LIMIT ?", args
}

// Last implements [audit.Index].
func (x *auditIndex) Last(ctx context.Context) (audit.IndexEntry, error) {
	last, _, err := x.page(ctx, &audit.Filter{Newest: true, Limit: 1}, 1)
	if err != nil || len(last) == 0 {
		return audit.IndexEntry{}, err
	}
	return last[0], nil
}
