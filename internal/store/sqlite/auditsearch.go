package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"math"
	"slices"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/internal/store/record"
)

// searchPage is how many entries one reading step of a search takes.
const searchPage = 500

// searchLeast is how many it takes where few are asked for.
const searchLeast = 50

// Search implements [audit.Index]. It holds nothing of the file while the
// caller looks at an entry. Users, transactions, sessions and addresses are
// found by an index; all else is looked for among the entries that these and
// the bounds leave.
func (x *auditIndex) Search(ctx context.Context, f audit.Filter) iter.Seq2[audit.IndexEntry, error] {
	return func(yield func(audit.IndexEntry, error) bool) {
		f, err := x.narrow(ctx, f)
		if err != nil {
			yield(audit.IndexEntry{}, err)
			return
		}
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
		entries, further, err := x.page(ctx, &page, max(searchLeast, min(f.Limit, searchPage)))
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

// timeRows is how many entries of a span of time are looked at to find where
// they are.
const timeRows = 100_000

// narrow turns the bounds of time of a filter into closer ones of the sequence,
// where the span is not too large: clocks step, so that all of its entries are
// looked at, in the index of the time alone.
func (x *auditIndex) narrow(ctx context.Context, f audit.Filter) (audit.Filter, error) {
	if f.From.IsZero() && f.To.IsZero() {
		return f, nil
	}
	done, err := x.use()
	if err != nil {
		return f, err
	}
	defer done()
	where, args := "time >= ?", []any{record.Nanos(f.From)}
	if !f.To.IsZero() {
		where, args = where+" AND time <= ?", append(args, record.Nanos(f.To))
	}
	var first, last sql.NullInt64
	var rows int
	err = x.pool.QueryRowContext(ctx, "SELECT min(sequence), max(sequence), count(*) FROM (SELECT sequence FROM entries INDEXED BY entries_time WHERE "+
		where+" LIMIT ?)", append(args, timeRows)...).Scan(&first, &last, &rows)
	switch {
	case err != nil:
		return f, fault("search audit trail", err)
	case rows == timeRows:
		return f, nil
	case rows == 0:
		f.After = math.MaxUint64 // nothing is behind it
		return f, nil
	}
	f.After = max(f.After, sequenceOf(first.Int64)-1)
	if before := sequenceOf(last.Int64) + 1; before != 0 && (f.Before == 0 || before < f.Before) {
		f.Before = before
	}
	return f, nil
}

// query asks for what can be told from the columns. SQLite knows nothing of how
// many entries a condition leaves, so the index is chosen here: a plus before a
// column keeps it from being one.
func (x *auditIndex) query(f *audit.Filter, limit int) (string, []any) {
	q := searchQuery{where: []string{"sequence > ?"}, args: []any{order(f.After)}}
	if f.Before != 0 {
		q.also("sequence < ?", order(f.Before))
	}
	x.terms(&q, f)
	q.event(f.Event)
	if f.Outcome != "" {
		q.choose("outcome = ?", string(f.Outcome))
		if f.Outcome != audit.OK {
			q.where = append(q.where, "outcome <> 'ok'") // the words of the partial index
		}
	}
	if !f.From.IsZero() {
		q.also("+time >= ?", record.Nanos(f.From))
	}
	if !f.To.IsZero() {
		q.also("+time <= ?", record.Nanos(f.To)) // not less, for what no column can say; see record.Nanos
	}
	direction := ""
	if f.Newest && f.Limit > 0 {
		direction = " DESC"
	}
	return "SELECT sequence, record FROM entries WHERE " + strings.Join(q.where, " AND ") + " ORDER BY sequence" + direction + " LIMIT ?",
		append(q.args, limit)
}

// terms are those that leave few entries.
func (x *auditIndex) terms(q *searchQuery, f *audit.Filter) {
	for _, term := range []struct{ column, value string }{
		{"request", f.Request}, {"tx", f.Transaction}, {"session", f.Session},
	} {
		if term.value != "" {
			q.choose(term.column+" = ?", term.value)
		}
	}
	if f.User != "" {
		q.choose("user = ?", x.user(f.User))
	}
	if f.Source.IsValid() {
		q.choose("source = ?", x.source(f.Source))
	}
	if f.Actor != "" {
		q.choose("actor = ?", x.actor(f.Actor))
	}
}

// searchQuery is a query in the making.
type searchQuery struct {
	where []string
	args  []any
	// chosen: a condition before has its index.
	chosen bool
}

func (q *searchQuery) also(condition string, values ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, values...)
}

// choose adds a condition, which gets its index when none has before it.
func (q *searchQuery) choose(condition string, value any) {
	if q.chosen {
		condition = "+" + condition
	}
	q.chosen = true
	q.also(condition, value)
}

func (q *searchQuery) event(n audit.Name) {
	prefix, ok := strings.CutSuffix(string(n), ".")
	switch {
	case n == "":
	case !ok:
		q.choose("event = ?", string(n))
	case family(n) == string(n):
		q.choose("family = ?", string(n))
	default:
		q.also("+event > ? AND +event < ?", prefix+".", prefix+"/") // a slash follows a dot
	}
}

// Last implements [audit.Index].
func (x *auditIndex) Last(ctx context.Context) (audit.IndexEntry, error) {
	last, _, err := x.page(ctx, &audit.Filter{Newest: true, Limit: 1}, 1)
	if err != nil || len(last) == 0 {
		return audit.IndexEntry{}, err
	}
	return last[0], nil
}
