package adminops

import (
	"context"
	"iter"

	"mfaserver/internal/helpdesk"
)

// organization is an organisation as it may be shown.
type organization struct {
	Name           string `json:"name"`
	AccountID      string `json:"account_id,omitempty"`
	DirectoryKey   string `json:"directory_key,omitempty"`
	Administered   bool   `json:"administered"`
	Authentication bool   `json:"authentication"`
}

func organizationOperations() []operation {
	op := Operation{Name: "orgs.list", Summary: "List the configured organisations.", List: true}
	return []operation{{Operation: op, do: func(ctx context.Context, r *request) (Result, error) {
		err := r.desk.Do(ctx, r.order(why{}), r.deed(helpdesk.ActionRead, ""), func(context.Context) error { return nil })
		return Result{Items: organizations(r.desk)}, err
	}}}
}

func organizations(desk *helpdesk.Desk) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for _, o := range desk.Orgs() {
			row := organization{
				Name: o.Name(), AccountID: o.AccountID(), DirectoryKey: o.DirectoryKey(),
				Administered: o.Administered(), Authentication: o.Authenticates(),
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}
