package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"mfaserver/internal/helpdesk"
)

// resetView is what a reset prints for programs.
type resetView struct {
	Org          string `json:"org"`
	UserID       string `json:"user_id"`
	Username     string `json:"username"`
	Phones       int    `json:"phones"`
	Tokens       int    `json:"tokens"`
	SecurityKeys int    `json:"security_keys"`
	BypassCodes  int    `json:"bypass_codes"`
	Sessions     int    `json:"sessions"`
}

func (d *duo) usersReset() *cobra.Command {
	var c consent
	cmd := verb("reset USER", "Take away all devices and codes of a user, and end his sessions",
		"  mfaserver duo users reset alice --dry-run\n  mfaserver duo users reset alice --yes --reason \"phone stolen, ticket 4711\"",
		takes("user"), func(ctx context.Context, args []string) error { return d.resetUser(ctx, args[0], c) })
	cmd.Long = `reset takes away everything by which a user proves himself: phones (deleted where
nobody else has them), hardware tokens, security keys and bypass codes. His
sessions at this server end. He cannot sign in until he is enrolled anew. When
Duo fails halfway, what is done stays done; the same command continues.`
	c.flags(cmd)
	d.reasons(cmd)
	return cmd
}

func (d *duo) resetUser(ctx context.Context, name string, c consent) error {
	f, err := one(ctx, d, name, findUser)
	if err != nil {
		return err
	}
	ahead, err := d.ask(c, fmt.Sprintf("take %d phone(s), %d token(s), %d security key(s) and all bypass codes from the %s%s, and end his sessions",
		len(f.it.Phones), len(f.it.Tokens), len(f.it.WebAuthn), userLabel(f.it), ofOrg(f.org)))
	if err != nil || !ahead {
		return err
	}
	order, err := d.order(helpdesk.ActionUserReset)
	if err != nil {
		return err
	}
	progress := d.progress("waiting for Duo")
	done, err := f.org.Reset(ctx, order, helpdesk.Subject{UserID: f.it.UserID})
	progress.end()
	if err != nil {
		return inWhich(f.org, err)
	}
	return d.show(resetView{
		Org: done.Org, UserID: done.UserID, Username: done.Username, Phones: done.Phones, Tokens: done.Tokens,
		SecurityKeys: done.SecurityKeys, BypassCodes: done.Codes, Sessions: done.Sessions,
	}, fmt.Sprintf("reset %s: took %d phone(s), %d token(s), %d security key(s), %d bypass code(s); ended %d session(s)",
		userLabel(f.it), done.Phones, done.Tokens, done.SecurityKeys, done.Codes, done.Sessions))
}

// signOut ends sessions where they are: in the running server, or in the
// store. A store that was never made has none.
func (d *duo) signOut(ctx context.Context, order helpdesk.Order, duoUsername string) (int, error) {
	if _, err := os.Stat(storePath(d.cfg)); d.cfg.Store.Redis == nil && errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	ended := 0
	err := d.command(ctx, "sessions.sign_out", signOutArgs{DuoUsername: duoUsername, Reason: order.Reason}, &ended)
	return ended, err
}
