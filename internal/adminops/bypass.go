package adminops

import (
	"context"
	"iter"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

type bypassCreate struct {
	Count        *int            `json:"count" doc:"How many codes Duo makes up, 1 to 5; 1 when absent."`
	Codes        []secret.Secret `json:"codes" doc:"Codes of your own, 6 to 9 digits each, in place of count."`
	ReuseCount   *int            `json:"reuse_count" doc:"Only 1: a code works once."`
	ValidSecs    *int64          `json:"valid_secs" doc:"Life of the codes, 300 to 86400 seconds; the organisation's default when absent."`
	KeepExisting bool            `json:"preserve_existing" doc:"Leaves the user's other codes alone; otherwise they end."`
	why
}

// bypassCodes are codes that are told this once.
type bypassCodes struct {
	Organization string     `json:"organization"`
	UserID       string     `json:"user_id"`
	Username     string     `json:"username"`
	Codes        []string   `json:"codes"`
	Expires      *time.Time `json:"expires"`
}

func bypassOperations() []operation {
	create := changes("bypass.create", "Make bypass codes for a user, told once. Each works once and expires.",
		[]string{"user_id"}, helpdesk.ActionBypassCreate, createBypass)
	create.Secret = true
	return []operation{
		lists("bypass.list", "List what Duo tells of all bypass codes, never the codes.", nil, nil, func(ctx context.Context, a *duoclient.Admin, _ *request) iter.Seq2[*duoclient.BypassCode, error] {
			return a.BypassCodes.List(ctx)
		}),
		reads("bypass.get", "Get what Duo tells of a bypass code.", []string{"bypass_code_id"}, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.BypassCode, error) {
			return a.BypassCodes.Get(ctx, r.ID["bypass_code_id"])
		}),
		removes("bypass.delete", "End a bypass code.", []string{"bypass_code_id"}, helpdesk.ActionBypassDelete, deleteBypass),
		lists("users.bypass", "List what Duo tells of a user's bypass codes.", []string{"user_id"}, nil, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.BypassCode, error] {
			return a.Users.BypassCodes(ctx, r.ID["user_id"])
		}),
		create,
	}
}

func createBypass(ctx context.Context, r *request, b bypassCreate) (Result, error) {
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return Result{}, err
	}
	request := helpdesk.BypassRequest{
		Order: r.order(b.why), Subject: helpdesk.Subject{UserID: r.ID["user_id"]}, Codes: b.Codes, KeepExisting: b.KeepExisting,
	}
	if b.Count != nil {
		if request.Count, err = helpdesk.NewCount(*b.Count); err != nil {
			return Result{}, err
		}
	}
	if b.ReuseCount != nil {
		if err := helpdesk.CheckReuse(*b.ReuseCount); err != nil {
			return Result{}, err
		}
	}
	if b.ValidSecs != nil {
		if request.Life, err = helpdesk.NewLife(seconds(*b.ValidSecs)); err != nil {
			return Result{}, err
		}
	}
	made, err := org.CreateBypass(ctx, request)
	if err != nil {
		return Result{}, err
	}
	out := bypassCodes{Organization: made.Org, UserID: made.UserID, Username: made.Username, Expires: instant(made.Expires)}
	for _, code := range made.Codes {
		out.Codes = append(out.Codes, code.Reveal())
	}
	return Result{Value: tell(out)}, nil
}

func deleteBypass(ctx context.Context, r *request) error {
	return r.acts(ctx, r.queryOrder(), helpdesk.ActionBypassDelete, "", func(ctx context.Context, a *duoclient.Admin) error {
		return a.BypassCodes.Delete(ctx, r.ID["bypass_code_id"])
	})
}
