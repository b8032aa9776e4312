package adminops

import (
	"context"
	"iter"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// reads is an operation that gives one object.
func reads[T any](name, summary string, ids []string, get func(context.Context, *duoclient.Admin, *request) (T, error)) operation {
	return operation{Operation: Operation{Name: name, Summary: summary, IDs: ids}, do: func(ctx context.Context, r *request) (Result, error) {
		org, admin, err := r.admin(ctx)
		if err != nil {
			return Result{}, err
		}
		var v T
		err = org.Do(ctx, r.order(why{}), r.deed(helpdesk.ActionRead, ""), func(ctx context.Context) error {
			v, err = get(ctx, admin, r)
			return err
		})
		return Result{Value: v}, err
	}}
}

// lists is an operation that gives objects one by one.
func lists[T any](name, summary string, ids []string, query []Field, list func(context.Context, *duoclient.Admin, *request) iter.Seq2[*T, error]) operation {
	op := Operation{Name: name, Summary: summary, IDs: ids, Query: query, List: true}
	return operation{Operation: op, do: func(ctx context.Context, r *request) (Result, error) {
		org, admin, err := r.admin(ctx)
		if err != nil {
			return Result{}, err
		}
		err = org.Do(ctx, r.order(why{}), r.deed(helpdesk.ActionRead, ""), func(context.Context) error { return nil })
		return Result{Items: anything(list(ctx, admin, r))}, err
	}}
}

// anything forgets the type of the items.
func anything[T any](items iter.Seq2[*T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for v, err := range items {
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// changes is an operation with a body of type B.
func changes[B any](name, summary string, ids []string, action helpdesk.Action, do func(context.Context, *request, B) (Result, error)) operation {
	op := Operation{Name: name, Summary: summary, IDs: ids, Changes: true, Reason: action.NeedsReason(), Body: fieldsOf[B](action.NeedsReason())}
	return operation{Operation: op, do: func(ctx context.Context, r *request) (Result, error) {
		var body B
		if err := decode([]byte(r.Body.Reveal()), &body); err != nil {
			return Result{}, err
		}
		return do(ctx, r, body)
	}}
}

// removes is an operation without a body; its reason is in the query.
func removes(name, summary string, ids []string, action helpdesk.Action, do func(context.Context, *request) error) operation {
	op := Operation{Name: name, Summary: summary, IDs: ids, Changes: true, Reason: action.NeedsReason(), Query: fieldsOf[why](action.NeedsReason())}
	return operation{Operation: op, do: func(ctx context.Context, r *request) (Result, error) {
		return Result{}, do(ctx, r)
	}}
}

// effect is one thing done with the Admin API.
type effect func(ctx context.Context, a *duoclient.Admin) error

// acts does one thing with the Admin API under a deed.
func (r *request) acts(ctx context.Context, order helpdesk.Order, action helpdesk.Action, subject string, do effect, detail ...string) error {
	org, admin, err := r.admin(ctx)
	if err != nil {
		return err
	}
	return org.Do(ctx, order, r.deed(action, subject, detail...), func(ctx context.Context) error { return do(ctx, admin) })
}

// gives is an effect whose result is what the operation gives.
func gives[T any](what func(context.Context, *duoclient.Admin) (T, error), under func(effect) error) (Result, error) {
	var v T
	err := under(func(ctx context.Context, a *duoclient.Admin) (err error) {
		v, err = what(ctx, a)
		return err
	})
	return Result{Value: v}, err
}

// toUser acts on the user of the path, toPhone on the phone of the path: whom it
// is done to goes into the trail.
func (r *request) toUser(ctx context.Context, order helpdesk.Order, action helpdesk.Action, do effect, detail ...string) error {
	subject, err := r.username(ctx)
	if err != nil {
		return err
	}
	return r.acts(ctx, order, action, subject, do, detail...)
}

func (r *request) toPhone(ctx context.Context, order helpdesk.Order, action helpdesk.Action, do effect, detail ...string) error {
	owners, err := r.owners(ctx)
	if err != nil {
		return err
	}
	return r.acts(ctx, order, action, owners, do, detail...)
}

// username is the name of the user in the path, for the trail.
func (r *request) username(ctx context.Context) (string, error) {
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return "", err
	}
	user, err := org.Find(ctx, helpdesk.Subject{UserID: r.ID["user_id"]})
	if err != nil {
		return "", err
	}
	return user.Username, nil
}
