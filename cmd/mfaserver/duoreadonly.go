package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
)

func (d *duo) integrations() *cobra.Command {
	return noun("integrations", "Look at the applications of a Duo account",
		"integrations looks at the applications of a Duo account. Secret keys are never\nshown. The Admin API application needs the permission \"Grant applications\".",
		"  mfaserver duo integrations list",
		listCommand(d, "list", "List the applications", "  mfaserver duo integrations list --all-orgs", "applications", integrationColumns(),
			func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.Integration, error] {
				return admin.Integrations.List(ctx)
			}),
		getCommand(d, "get KEY", "Show one application", "  mfaserver duo integrations get DIXXXXXXXXXXXXXXXXXX", "integration key", integrationColumns(),
			func(ctx context.Context, admin *duoclient.Admin, key string) (*duoclient.Integration, error) {
				return admin.Integrations.Get(ctx, key)
			}))
}

func (d *duo) admins() *cobra.Command {
	return noun("admins", "Look at the administrators of a Duo account",
		"admins looks at the administrators of a Duo account. The Admin API application\nneeds the permission \"Grant administrators\".",
		"  mfaserver duo admins list",
		listCommand(d, "list", "List the administrators", "  mfaserver duo admins list --all-orgs", "administrators", administratorColumns(),
			func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.Administrator, error] {
				return admin.Administrators.List(ctx)
			}),
		getCommand(d, "get ID", "Show one administrator", "  mfaserver duo admins get DEXXXXXXXXXXXXXXXXXX", "id", administratorColumns(),
			func(ctx context.Context, admin *duoclient.Admin, id string) (*duoclient.Administrator, error) {
				return admin.Administrators.Get(ctx, id)
			}))
}

// listCommand is a command that lists. What every reads may come from flags that
// the caller adds.
func listCommand[T any](d *duo, use, short, example, what string, columns []column[T],
	every func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*T, error],
) *cobra.Command {
	var flags listFlags
	cmd := verb(use, short, example, noArgs, func(ctx context.Context, _ []string) error {
		return list(ctx, d, flags, listing[T]{what: what, columns: columns, every: every})
	})
	flags.add(d, cmd)
	return cmd
}

// getCommand is a command that shows one object by its key.
func getCommand[T any](d *duo, use, short, example, key string, columns []column[T], get finder[T]) *cobra.Command {
	return verb(use, short, example, takes(key), func(ctx context.Context, args []string) error {
		o, admin, err := d.oneAdmin(ctx)
		if err != nil {
			return err
		}
		return d.reading(ctx, o, "", func(ctx context.Context) error {
			v, err := get(ctx, admin, args[0])
			if err != nil {
				return err
			}
			return showOne(d, columns, v)
		})
	})
}
