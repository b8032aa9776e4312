package adminops

import (
	"context"
	"iter"

	"mfaserver/duoclient"
)

// directoryOperations read what stands around the users. It is changed in
// Duo's panel, with the commands, or with call.
func directoryOperations() []operation {
	return []operation{
		lists("groups.list", "List groups.", nil, nil, func(ctx context.Context, a *duoclient.Admin, _ *request) iter.Seq2[*duoclient.Group, error] {
			return a.Groups.List(ctx)
		}),
		reads("groups.get", "Get a group.", []string{"group_id"}, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.Group, error) {
			return a.Groups.Get(ctx, r.ID["group_id"])
		}),
		lists("groups.users", "List a group's members.", []string{"group_id"}, nil, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.GroupMember, error] {
			return a.Groups.Users(ctx, r.ID["group_id"])
		}),
		lists("tokens.list", "List hardware tokens.", nil, []Field{
			text("type", "h6, h8, t6, t8, yk or d1; goes with serial."), text("serial", "Goes with type."),
		}, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.Token, error] {
			return a.Tokens.List(ctx, duoclient.TokenFilter{Type: r.Query.Get("type"), Serial: r.Query.Get("serial")})
		}),
		reads("tokens.get", "Get a hardware token.", []string{"token_id"}, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.Token, error) {
			return a.Tokens.Get(ctx, r.ID["token_id"])
		}),
		lists("integrations.list", "List applications, without their secret keys.", nil, nil, func(ctx context.Context, a *duoclient.Admin, _ *request) iter.Seq2[*duoclient.Integration, error] {
			return a.Integrations.List(ctx)
		}),
		reads("integrations.get", "Get an application, without its secret key.", []string{"integration_key"}, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.Integration, error) {
			return a.Integrations.Get(ctx, r.ID["integration_key"])
		}),
		lists("admins.list", "List the account's administrators.", nil, nil, func(ctx context.Context, a *duoclient.Admin, _ *request) iter.Seq2[*duoclient.Administrator, error] {
			return a.Administrators.List(ctx)
		}),
		reads("admins.get", "Get an administrator.", []string{"admin_id"}, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.Administrator, error) {
			return a.Administrators.Get(ctx, r.ID["admin_id"])
		}),
		reads("info.summary", "Count what the account has.", nil, func(ctx context.Context, a *duoclient.Admin, _ *request) (*duoclient.Summary, error) {
			return a.Info.Summary(ctx)
		}),
	}
}
