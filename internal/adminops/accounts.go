package adminops

import (
	"context"
	"iter"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

type accountCreate struct {
	Name string `json:"name" need:"yes" doc:"1 to 256 bytes."`
	why
}

// accountOperations are those of the Accounts API, which has no organisation.
func accountOperations() []operation {
	list := Operation{Name: "accounts.list", Summary: "List the child accounts.", List: true}
	return []operation{
		{Operation: list, do: listAccounts},
		changes("accounts.create", "Make a child account.", nil, helpdesk.ActionAccountCreate, createAccount),
		removes("accounts.delete", "Delete a child account and everybody in it.", []string{"account_id"}, helpdesk.ActionAccountDelete, deleteAccount),
	}
}

// parent gives the Accounts API; an organisation makes no sense there.
func (r *request) parent() (*duoclient.Accounts, error) {
	if r.Org != "" {
		return nil, parameterError("org", "is not for the accounts, which are the parent's")
	}
	return r.desk.Accounts()
}

func listAccounts(ctx context.Context, r *request) (Result, error) {
	accounts, err := r.parent()
	if err != nil {
		return Result{}, err
	}
	var all []duoclient.Account
	err = r.desk.Do(ctx, r.order(why{}), r.deed(helpdesk.ActionRead, ""), func(ctx context.Context) error {
		all, err = accounts.List(ctx)
		return err
	})
	return Result{Items: each(all)}, err
}

func each[T any](all []T) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func createAccount(ctx context.Context, r *request, b accountCreate) (Result, error) {
	if b.Name == "" {
		return Result{}, parameterError("name", "is missing")
	}
	accounts, err := r.parent()
	if err != nil {
		return Result{}, err
	}
	var made *duoclient.Account
	err = r.desk.Do(ctx, r.order(b.why), r.deed(helpdesk.ActionAccountCreate, "", "name", b.Name), func(ctx context.Context) error {
		made, err = accounts.Create(ctx, b.Name)
		return err
	})
	return Result{Value: made}, err
}

func deleteAccount(ctx context.Context, r *request) error {
	accounts, err := r.parent()
	if err != nil {
		return err
	}
	return r.desk.Do(ctx, r.queryOrder(), r.deed(helpdesk.ActionAccountDelete, ""), func(ctx context.Context) error {
		return accounts.Delete(ctx, r.ID["account_id"])
	})
}
