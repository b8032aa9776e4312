package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

func (d *duo) bypass() *cobra.Command {
	return noun("bypass", "Hand out and end bypass codes",
		`bypass hands out bypass codes, which stand for a second factor once, and ends
them. A code is shown once, when it is made; it works once and expires.`,
		"  mfaserver duo bypass create alice --reason \"phone lost, ticket 4711\"\n  mfaserver duo bypass list --user alice",
		d.bypassList(), d.bypassGet(), d.bypassCreate(), d.bypassDelete())
}

func (d *duo) bypassList() *cobra.Command {
	var flags listFlags
	var user string
	cmd := verb("list", "List bypass codes, of all users or of one (never the codes themselves)",
		"  mfaserver duo bypass list --user alice\n  mfaserver duo bypass list --all-orgs --output json", noArgs,
		func(ctx context.Context, _ []string) error {
			if user != "" {
				if d.all {
					return fmt.Errorf("%w: --user and --all-orgs exclude each other", errUsage)
				}
				return listOfUser(ctx, d, flags.limit, user, bypassColumns(), (*duoclient.UserService).BypassCodes)
			}
			return list(ctx, d, flags, listing[duoclient.BypassCode]{
				what: "bypass codes", columns: bypassColumns(),
				every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.BypassCode, error] {
					return admin.BypassCodes.List(ctx)
				},
			})
		})
	flags.add(d, cmd)
	cmd.Flags().StringVar(&user, "user", "", "only those of `USER`")
	return cmd
}

func (d *duo) bypassGet() *cobra.Command {
	return getCommand(d, "get ID", "Show what Duo tells of one bypass code", "  mfaserver duo bypass get DBXXXXXXXXXXXXXXXXXX", "id", bypassColumns(), findBypass)
}

func findBypass(ctx context.Context, admin *duoclient.Admin, id string) (*duoclient.BypassCode, error) {
	return admin.BypassCodes.Get(ctx, id)
}

// bypassFlags are the flags of bypass create.
type bypassFlags struct {
	consent   consent
	count     int
	reuse     int
	valid     time.Duration
	keep      bool
	codesFile string
	// given tells an explicit 0, which policy refuses, from no word at all.
	given func(flag string) bool
}

func (d *duo) bypassCreate() *cobra.Command {
	var f bypassFlags
	cmd := verb("create USER", "Make bypass codes for a user",
		`  mfaserver duo bypass create alice --reason "phone lost, ticket 4711"
  mfaserver duo bypass create alice --count 3 --valid 8h --preserve-existing --reason "travels without phone"`,
		takes("user"), func(ctx context.Context, args []string) error { return d.createBypass(ctx, args[0], f) })
	cmd.Long = `create makes bypass codes for a user and prints them, the only time they are
told. Each works once and expires; five at most are made at once. The user's
other codes end, unless --preserve-existing is given: when he has any, create
asks first. A reason is needed and goes into the audit trail; the codes do not.`
	flags := cmd.Flags()
	flags.IntVar(&f.count, "count", 0, "make `N` codes (default 1)")
	flags.IntVar(&f.reuse, "reuse-count", 1, "each works `N` times; 1 is all that is allowed")
	flags.DurationVar(&f.valid, "valid", 0, "they are good for `DURATION`, 5m to 24h (default: that of the organization, usually 1h)")
	flags.BoolVar(&f.keep, "preserve-existing", false, "keep the user's other codes")
	flags.StringVar(&f.codesFile, "codes-file", "", "take codes of your own from `FILE`, one a line; - is standard input")
	f.consent.flags(cmd)
	f.given = flags.Changed
	d.reasons(cmd)
	return cmd
}

// request is what the flags ask for. Rules are the help desk's.
func (f bypassFlags) request(d *duo, user *duoclient.User) (helpdesk.BypassRequest, error) {
	r := helpdesk.BypassRequest{Subject: helpdesk.Subject{UserID: user.UserID}, KeepExisting: f.keep}
	err := helpdesk.CheckReuse(f.reuse)
	if f.given("count") {
		var e error
		r.Count, e = helpdesk.NewCount(f.count)
		err = errors.Join(err, e)
	}
	if f.given("valid") {
		var e error
		r.Life, e = helpdesk.NewLife(f.valid)
		err = errors.Join(err, e)
	}
	if err != nil || f.codesFile == "" {
		return r, err
	}
	text, err := d.readValue(f.codesFile)
	if err != nil {
		return r, err
	}
	for _, code := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) }) {
		r.Codes = append(r.Codes, secret.New(code))
	}
	if len(r.Codes) == 0 {
		return r, fmt.Errorf("%w: %s holds no code", errUsage, f.codesFile)
	}
	return r, nil
}

func (d *duo) createBypass(ctx context.Context, name string, f bypassFlags) error {
	u, err := one(ctx, d, name, findUser)
	if err != nil {
		return err
	}
	r, err := f.request(d, u.it)
	if err != nil {
		return inWhich(u.org, err)
	}
	ahead, err := d.askReplace(ctx, u, f)
	if err != nil || !ahead {
		return err
	}
	if r.Order, err = d.order(helpdesk.ActionBypassCreate); err != nil {
		return err
	}
	progress := d.progress("waiting for Duo")
	made, err := u.org.CreateBypass(ctx, r)
	progress.end()
	if err != nil {
		return inWhich(u.org, err)
	}
	return d.showBypass(made)
}

// askReplace asks when codes would end. Without any there is nothing to ask.
func (d *duo) askReplace(ctx context.Context, u found[duoclient.User], f bypassFlags) (bool, error) {
	what := fmt.Sprintf("make %d bypass code(s) for %s (%s)%s", max(f.count, 1), u.it.Username, u.it.UserID, ofOrg(u.org))
	existing := 0
	if !f.keep {
		for _, err := range u.admin.Users.BypassCodes(ctx, u.it.UserID) {
			if err != nil {
				return false, inWhich(u.org, err)
			}
			existing++
		}
	}
	if existing > 0 {
		what += fmt.Sprintf(", which ends the %d he has", existing)
	}
	if existing == 0 && !f.consent.dryRun {
		return true, nil
	}
	return d.ask(f.consent, what)
}

// madeCodes are new bypass codes, for programs. The JSON form is the only one
// that tells them.
type madeCodes struct {
	Org      string    `json:"organization"`
	UserID   string    `json:"user_id"`
	Username string    `json:"username"`
	Codes    []string  `json:"codes"`
	Expires  time.Time `json:"expires"`
}

func (d *duo) showBypass(made *helpdesk.BypassCodes) error {
	result := madeCodes{Org: made.Org, UserID: made.UserID, Username: made.Username, Expires: made.Expires.UTC().Truncate(time.Second)}
	for _, code := range made.Codes {
		result.Codes = append(result.Codes, code.Reveal())
	}
	if d.output == "json" {
		return printJSON(d.console.out, result)
	}
	if _, err := fmt.Fprintln(d.console.out, strings.Join(result.Codes, "\n")); err != nil {
		return err
	}
	// The codes alone go to a pipe.
	d.console.complain("bypass code(s) for %s: good until %s, each works once, and they are not shown again\n",
		printable(made.Username), instant(made.Expires))
	return nil
}

func (d *duo) bypassDelete() *cobra.Command {
	return deleteCommand(d, "id", "End a bypass code", "  mfaserver duo bypass delete DBXXXXXXXXXXXXXXXXXX --yes",
		helpdesk.ActionBypassDelete, findBypass, func(f found[duoclient.BypassCode]) deletion {
			id, owner := f.it.BypassCodeID, "somebody"
			if f.it.User != nil {
				owner = f.it.User.Username
			}
			return deletion{
				what: fmt.Sprintf("end the bypass code %s of %s%s", id, owner, ofOrg(f.org)),
				done: fmt.Sprintf("ended bypass code %s of %s", id, owner), id: id,
				deed: helpdesk.Deed{Subject: owner, Detail: map[string]string{"bypass_code_id": id}},
				do:   func(ctx context.Context) error { return f.admin.BypassCodes.Delete(ctx, id) },
			}
		})
}
