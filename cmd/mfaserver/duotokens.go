package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

func (d *duo) tokens() *cobra.Command {
	return noun("tokens", "Manage the hardware tokens of a Duo account",
		"tokens manages hardware tokens and who has which. A token is named by its id\n(DH...) or as TYPE:SERIAL, for example h6:12345678.",
		"  mfaserver duo tokens list\n  mfaserver duo tokens assign h6:12345678 alice",
		d.tokensList(), d.tokensGet(), d.tokensCreate(), d.tokensDelete(), d.tokensResync(),
		d.tokensTie("assign", "Give a token to a user", helpdesk.ActionTokenAssign, "gave token %s to %s", (*duoclient.UserService).AddToken),
		d.tokensTie("unassign", "Take a token from a user", helpdesk.ActionTokenUnassign, "took token %s from %s", (*duoclient.UserService).RemoveToken))
}

func (d *duo) tokensList() *cobra.Command {
	return listCommand(d, "list", "List the hardware tokens", "  mfaserver duo tokens list --all-orgs", "tokens", tokenColumns(),
		func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.Token, error] {
			return admin.Tokens.List(ctx, duoclient.TokenFilter{})
		})
}

// findToken takes a token's id, or type and serial number.
func findToken(ctx context.Context, admin *duoclient.Admin, name string) (*duoclient.Token, error) {
	kind, serial, ok := strings.Cut(name, ":")
	if !ok {
		return admin.Tokens.Get(ctx, name)
	}
	for token, err := range admin.Tokens.List(ctx, duoclient.TokenFilter{Type: kind, Serial: serial}) {
		return token, err
	}
	return nil, notFound("token", name)
}

func tokenLabel(t *duoclient.Token) string { return t.Type + ":" + t.Serial }

func tokenDeed(a helpdesk.Action, t *duoclient.Token) helpdesk.Deed {
	return helpdesk.Deed{Action: a, Detail: map[string]string{"token_id": t.TokenID, "token": tokenLabel(t)}}
}

func (d *duo) tokensGet() *cobra.Command {
	return getCommand(d, "get TOKEN", "Show one hardware token", "  mfaserver duo tokens get h6:12345678", "token", tokenColumns(), findToken)
}

func (d *duo) tokensCreate() *cobra.Command {
	var p duoclient.TokenParams
	var file string
	cmd := verb("create TYPE SERIAL", "Make a hardware token known",
		"  mfaserver duo tokens create h6 12345678 --secret-file seed.txt", takes("type", "serial number"),
		func(ctx context.Context, args []string) error {
			p.Type, p.Serial = args[0], args[1]
			if err := d.tokenSecrets(&p, file); err != nil {
				return err
			}
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return err
			}
			deed := helpdesk.Deed{Action: helpdesk.ActionTokenCreate, Detail: map[string]string{"token": p.Type + ":" + p.Serial}}
			return result(ctx, d, o, deed, func(ctx context.Context) (*duoclient.Token, error) { return admin.Tokens.Create(ctx, p) },
				func(t *duoclient.Token) string { return fmt.Sprintf("created token %s (%s)", tokenLabel(t), t.TokenID) })
		})
	cmd.Long = `create makes a hardware token known: type h6, h8 (HOTP), t6, t8 (TOTP) or yk
(YubiKey). Its seed, in hexadecimal, is read from a file; that of a YubiKey is the
private id and the AES key, separated by a blank.`
	cmd.Flags().StringVar(&file, "secret-file", "-", "`FILE` with the seed; - is standard input")
	cmd.Flags().IntVar(&p.Counter, "counter", 0, "counter `N` at which a HOTP token stands")
	cmd.Flags().IntVar(&p.TOTPStep, "totp-step", 0, "`SECONDS` of a TOTP step: 30 or 60")
	return cmd
}

func (d *duo) tokenSecrets(p *duoclient.TokenParams, file string) error {
	text, err := d.readValue(file)
	if err != nil {
		return err
	}
	if p.Type != "yk" {
		p.Secret = secret.New(strings.TrimSpace(text))
		return nil
	}
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return fmt.Errorf("%w: the seed of a YubiKey is its private id and AES key, separated by a blank", errUsage)
	}
	p.PrivateID, p.AESKey = secret.New(fields[0]), secret.New(fields[1])
	return nil
}

func (d *duo) tokensDelete() *cobra.Command {
	return deleteCommand(d, "token", "Delete a hardware token",
		"  mfaserver duo tokens delete h6:12345678 --dry-run\n  mfaserver duo tokens delete h6:12345678 --yes --reason lost",
		helpdesk.ActionTokenDelete, findToken, func(f found[duoclient.Token]) deletion {
			label := fmt.Sprintf("token %s (%s)", tokenLabel(f.it), f.it.TokenID)
			return deletion{
				what: "delete the " + label + ofOrg(f.org), done: "deleted " + label, id: f.it.TokenID, deed: tokenDeed(0, f.it),
				do: func(ctx context.Context) error { return f.admin.Tokens.Delete(ctx, f.it.TokenID) },
			}
		})
}

func (d *duo) tokensResync() *cobra.Command {
	var file string
	cmd := verb("resync TOKEN", "Set the counter of a HOTP token that ran ahead",
		"  mfaserver duo tokens resync h6:12345678 --codes-file -", takes("token"),
		func(ctx context.Context, args []string) error {
			text, err := d.readValue(file)
			if err != nil {
				return err
			}
			fields := strings.Fields(text)
			var codes [3]secret.Secret
			if len(fields) != len(codes) {
				return fmt.Errorf("%w: give three passcodes that follow each other, there are %d", errUsage, len(fields))
			}
			for i, code := range fields {
				codes[i] = secret.New(code)
			}
			f, err := one(ctx, d, args[0], findToken)
			if err != nil {
				return err
			}
			err = d.do(ctx, f.org, tokenDeed(helpdesk.ActionTokenResync, f.it), func(ctx context.Context) error {
				return f.admin.Tokens.Resync(ctx, f.it.TokenID, codes)
			})
			if err != nil {
				return err
			}
			return d.show(map[string]string{"resynchronised": f.it.TokenID}, "resynchronised token "+tokenLabel(f.it))
		})
	cmd.Flags().StringVar(&file, "codes-file", "-", "`FILE` with three passcodes that follow each other; - is standard input")
	return cmd
}

// tokensTie is a command that gives tokens to users or takes them away.
func (d *duo) tokensTie(use, short string, action helpdesk.Action, done string,
	change func(s *duoclient.UserService, ctx context.Context, userID, tokenID string) error,
) *cobra.Command {
	example := "  mfaserver duo tokens " + use + " h6:12345678 alice"
	if action.NeedsReason() {
		example += ` --reason "lost, ticket 4711"`
	}
	return tie[duoclient.Token]{
		use: use, kind: "token", short: short, example: example, action: action, find: findToken, change: change,
		member: "token_id", key: func(t *duoclient.Token) string { return t.TokenID },
		deed: func(t *duoclient.Token) helpdesk.Deed { return tokenDeed(0, t) },
		text: func(t *duoclient.Token, u *duoclient.User) string {
			return fmt.Sprintf(done, tokenLabel(t), u.Username)
		},
	}.command(d)
}
