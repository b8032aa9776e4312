package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
)

// ofUser is a list of what one user has.
func ofUser[T any](d *duo, use, short string, columns []column[T],
	every func(s *duoclient.UserService, ctx context.Context, userID string) iter.Seq2[*T, error],
) *cobra.Command {
	var limit int
	cmd := verb(use+" USER", short, "  mfaserver duo users "+use+" alice", takes("user"),
		func(ctx context.Context, args []string) error {
			return listOfUser(ctx, d, limit, args[0], columns, every)
		})
	cmd.Flags().IntVar(&limit, "limit", 0, "stop after `N`; 0 takes all")
	return cmd
}

func listOfUser[T any](ctx context.Context, d *duo, limit int, name string, columns []column[T],
	every func(s *duoclient.UserService, ctx context.Context, userID string) iter.Seq2[*T, error],
) error {
	f, err := one(ctx, d, name, findUser)
	if err != nil {
		return err
	}
	return list(ctx, d, listFlags{limit: limit}, listing[T]{
		what: "what " + printable(f.it.Username) + " has", columns: columns,
		every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*T, error] {
			return every(admin.Users, ctx, f.it.UserID)
		},
	})
}

func (d *duo) usersPhones() *cobra.Command {
	return ofUser(d, "phones", "List a user's phones", phoneColumns(), (*duoclient.UserService).Phones)
}

func (d *duo) usersBypass() *cobra.Command {
	return ofUser(d, "bypass", "List a user's bypass codes (never the codes themselves)", bypassColumns(), (*duoclient.UserService).BypassCodes)
}

func (d *duo) usersGroups() *cobra.Command {
	return ofUser(d, "groups", "List a user's groups", groupColumns(), (*duoclient.UserService).Groups)
}

func (d *duo) usersTokens() *cobra.Command {
	return ofUser(d, "tokens", "List a user's hardware tokens", tokenColumns(), (*duoclient.UserService).Tokens)
}

func (d *duo) usersWebAuthn() *cobra.Command {
	return ofUser(d, "webauthn", "List a user's security keys and platform authenticators", webauthnColumns(), (*duoclient.UserService).WebAuthn)
}
