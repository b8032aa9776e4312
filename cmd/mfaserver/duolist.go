package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// listing is a list of Duo's objects.
type listing[T any] struct {
	// what the objects are called, for the progress line.
	what    string
	columns []column[T]
	// every gives the objects of one account, page by page.
	every func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*T, error]
}

// listFlags are the flags of a list.
type listFlags struct {
	limit int
}

func (f *listFlags) add(d *duo, cmd *cobra.Command) {
	d.everywhere(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 0, "stop after `N`; 0 takes all")
}

// list prints the objects of the chosen accounts. A failing account does not
// keep the others from being listed; the command fails all the same.
func list[T any](ctx context.Context, d *duo, f listFlags, l listing[T]) error {
	if f.limit < 0 {
		return fmt.Errorf("%w: --limit cannot be negative", errUsage)
	}
	progress := d.progress("reading " + l.what)
	defer progress.end()
	out := newRows(d, l.columns, progress)
	if _, err := d.orgsChosen(); err != nil {
		return err
	}
	err := d.eachOrg(ctx, func(o *helpdesk.Org) error {
		if d.all {
			progress.doing(fmt.Sprintf("reading %s of %s", l.what, o.Name()))
		}
		return out.take(ctx, f.limit, o, l)
	})
	if err != nil && out.count == 0 {
		return err // no list is not an empty list
	}
	return errors.Join(err, out.end())
}

// rows prints objects as they come, in bounded memory: a table in pieces, JSON
// as an array.
type rows[T any] struct {
	duo      *duo
	columns  []column[T]
	progress *progress

	piece [][]string
	count int
	begun bool
}

// pieceSize is how many rows of a table wait for each other, to be aligned.
const pieceSize = 1000

func newRows[T any](d *duo, columns []column[T], p *progress) *rows[T] {
	r := &rows[T]{duo: d, progress: p}
	for _, c := range columns {
		if !c.more {
			r.columns = append(r.columns, c)
		}
	}
	return r
}

func (r *rows[T]) take(ctx context.Context, limit int, o *helpdesk.Org, l listing[T]) error {
	admin, err := o.Admin(ctx)
	if err != nil {
		return err
	}
	return r.duo.reading(ctx, o, "", func(ctx context.Context) error {
		return r.takeAll(limit, o, l.every(ctx, admin))
	})
}

func (r *rows[T]) takeAll(limit int, o *helpdesk.Org, every iter.Seq2[*T, error]) error {
	for v, err := range every {
		if err != nil {
			return err
		}
		if limit > 0 && r.count >= limit {
			return nil
		}
		if err := r.add(v, o); err != nil {
			return err
		}
		if limit > 0 && r.count >= limit {
			return nil
		}
	}
	return nil
}

func (r *rows[T]) add(v *T, o *helpdesk.Org) error {
	r.count++
	r.progress.step()
	if r.duo.output == "json" {
		return r.progress.aside(func() error { return r.addJSON(v, o) })
	}
	var cells []string
	if r.duo.all {
		cells = append(cells, o.Name())
	}
	for _, c := range r.columns {
		cells = append(cells, c.cell(v))
	}
	r.piece = append(r.piece, cells)
	if len(r.piece) < pieceSize {
		return nil
	}
	return r.progress.aside(r.flush)
}

func (r *rows[T]) addJSON(v any, o *helpdesk.Org) error {
	if r.duo.all {
		var err error
		if v, err = inOrg(v, o.Name()); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("  ", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	before := ",\n  "
	if !r.begun {
		before, r.begun = "[\n  ", true
	}
	_, err := fmt.Fprintf(r.duo.console.out, "%s%s", before, bytes.TrimSpace(text.Bytes()))
	return err
}

// flush prints the rows that wait.
func (r *rows[T]) flush() error {
	var err error
	if r.begun {
		err = tableRows(r.duo.console.out, r.piece)
	} else {
		err = table(r.duo.console.out, r.heads(), r.piece)
	}
	r.begun, r.piece = true, nil
	return err
}

func (r *rows[T]) heads() []string {
	var heads []string
	if r.duo.all {
		heads = append(heads, "ORGANIZATION")
	}
	for _, c := range r.columns {
		heads = append(heads, c.head)
	}
	return heads
}

// end prints what is left.
func (r *rows[T]) end() error {
	return r.progress.aside(func() error {
		switch {
		case r.duo.output != "json" && (len(r.piece) > 0 || !r.begun):
			return r.flush()
		case r.duo.output != "json":
			return nil
		case !r.begun:
			_, err := io.WriteString(r.duo.console.out, "[]\n")
			return err
		default:
			_, err := io.WriteString(r.duo.console.out, "\n]\n")
			return err
		}
	})
}
