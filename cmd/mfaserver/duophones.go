package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

func (d *duo) phones() *cobra.Command {
	return noun("phones", "Manage the phones of a Duo account",
		"phones manages phones, tablets and landlines, whom they belong to, and the links\nand messages that activate Duo Mobile on them.",
		"  mfaserver duo phones list\n  mfaserver duo phones create --number +17345550100 --platform \"apple ios\"\n  mfaserver duo phones assign +17345550100 alice",
		d.phonesList(), d.phonesGet(), d.phonesCreate(), d.phonesUpdate(), d.phonesDelete(), d.phonesAssign(), d.phonesUnassign(),
		d.phonesActivationURL(), d.phonesSMSActivation(), d.phonesSMSInstallation(), d.phonesSMSPasscodes())
}

func (d *duo) phonesList() *cobra.Command {
	var filter duoclient.PhoneFilter
	cmd := listCommand(d, "list", "List the phones", "  mfaserver duo phones list --number +17345550100", "phones", phoneColumns(),
		func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.Phone, error] {
			return admin.Phones.List(ctx, filter)
		})
	cmd.Flags().StringVar(&filter.Number, "number", "", "only the phones with `NUMBER`")
	cmd.Flags().StringVar(&filter.Extension, "extension", "", "and the extension `DIGITS`")
	return cmd
}

func (d *duo) phonesGet() *cobra.Command {
	return getCommand(d, "get PHONE", "Show one phone", "  mfaserver duo phones get +17345550100", "phone", phoneColumns(), findPhone)
}

// phoneFlags adds the flags that say something of a phone.
func phoneFlags(p *duoclient.PhoneParams, flags *pflag.FlagSet) {
	flags.StringVar(&p.Number, "number", "", "phone `NUMBER`, with + and country code; none for a tablet")
	flags.StringVar(&p.Extension, "extension", "", "`DIGITS` to dial after the number")
	flags.StringVar(&p.Name, "name", "", "`NAME` of the phone")
	flags.StringVar(&p.Type, "type", "", "`TYPE`: mobile, landline or unknown")
	flags.StringVar(&p.Platform, "platform", "", "`PLATFORM`: apple ios, google android, generic smartphone or another of Duo's")
	flags.StringVar(&p.Predelay, "predelay", "", "`SECONDS` before the extension is dialled")
	flags.StringVar(&p.Postdelay, "postdelay", "", "`SECONDS` before Duo speaks")
}

func (d *duo) phonesCreate() *cobra.Command {
	var p duoclient.PhoneParams
	cmd := verb("create", "Make a phone, which belongs to nobody yet",
		`  mfaserver duo phones create --number +17345550100 --type mobile --platform "apple ios"
  mfaserver duo phones create --name "Tablet of the ward" --platform "google android"`, noArgs,
		func(ctx context.Context, _ []string) error {
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return err
			}
			return result(ctx, d, o, helpdesk.Deed{Action: helpdesk.ActionPhoneCreate},
				func(ctx context.Context) (*duoclient.Phone, error) { return admin.Phones.Create(ctx, p) },
				func(p *duoclient.Phone) string { return "created " + phoneTitle(p) })
		})
	phoneFlags(&p, cmd.Flags())
	return cmd
}

func phoneTitle(p *duoclient.Phone) string {
	return fmt.Sprintf("phone %s (%s)", phoneLabel(*p), p.PhoneID)
}

// phoneDeed is something done to a phone.
func phoneDeed(a helpdesk.Action, phone *duoclient.Phone) helpdesk.Deed {
	deed := helpdesk.Deed{Action: a, Detail: map[string]string{"phone_id": phone.PhoneID}}
	if len(phone.Users) == 1 {
		deed.Subject = phone.Users[0].Username
	}
	return deed
}

func (d *duo) phonesUpdate() *cobra.Command {
	var p duoclient.PhoneParams
	cmd := verb("update PHONE", "Change what is said of a phone",
		"  mfaserver duo phones update +17345550100 --name \"Alice's phone\"\n  mfaserver duo phones update DPXXXXXXXXXXXXXXXXXX --clear extension",
		takes("phone"), func(ctx context.Context, args []string) error {
			f, err := one(ctx, d, args[0], findPhone)
			if err != nil {
				return err
			}
			return result(ctx, d, f.org, phoneDeed(helpdesk.ActionPhoneUpdate, f.it),
				func(ctx context.Context) (*duoclient.Phone, error) {
					return f.admin.Phones.Update(ctx, f.it.PhoneID, p)
				},
				func(p *duoclient.Phone) string { return "changed " + phoneTitle(p) })
		})
	phoneFlags(&p, cmd.Flags())
	cmd.Flags().StringSliceVar(&p.Clear, "clear", nil, "empty `FIELD`: extension, name, predelay, postdelay")
	return cmd
}

func (d *duo) phonesDelete() *cobra.Command {
	return deleteCommand(d, "phone", "Delete a phone, also from those who have it",
		"  mfaserver duo phones delete +17345550100 --dry-run\n  mfaserver duo phones delete +17345550100 --yes --reason \"lost, ticket 4711\"",
		helpdesk.ActionPhoneDelete, findPhone, func(f found[duoclient.Phone]) deletion {
			owners := joined(f.it.Users, func(u duoclient.User) string { return u.Username })
			if owners == "" {
				owners = "nobody"
			}
			return deletion{
				what: fmt.Sprintf("delete the %s%s, which belongs to %s", phoneTitle(f.it), ofOrg(f.org), owners),
				done: "deleted " + phoneTitle(f.it), id: f.it.PhoneID, deed: phoneDeed(0, f.it),
				do: func(ctx context.Context) error { return f.admin.Phones.Delete(ctx, f.it.PhoneID) },
			}
		})
}

// phonesTie is a command that gives phones to users or takes them away.
func (d *duo) phonesTie(use, short, example string, action helpdesk.Action, done string,
	change func(s *duoclient.UserService, ctx context.Context, userID, phoneID string) error,
) *cobra.Command {
	return tie[duoclient.Phone]{
		use: use, kind: "phone", short: short, example: example, action: action, find: findPhone, change: change,
		member: "phone_id", key: func(p *duoclient.Phone) string { return p.PhoneID },
		deed: func(p *duoclient.Phone) helpdesk.Deed { return phoneDeed(0, p) },
		text: func(p *duoclient.Phone, u *duoclient.User) string {
			return fmt.Sprintf(done, phoneTitle(p), fmt.Sprintf("%s (%s)", u.Username, u.UserID))
		},
	}.command(d)
}

func (d *duo) phonesAssign() *cobra.Command {
	return d.phonesTie("assign", "Give a phone to a user", "  mfaserver duo phones assign +17345550100 alice",
		helpdesk.ActionPhoneAssign, "gave %s to %s", (*duoclient.UserService).AddPhone)
}

func (d *duo) phonesUnassign() *cobra.Command {
	return d.phonesTie("unassign", "Take a phone from a user; the phone stays",
		"  mfaserver duo phones unassign +17345550100 alice --reason \"new phone, ticket 4711\"",
		helpdesk.ActionPhoneUnassign, "took %s from %s", (*duoclient.UserService).RemovePhone)
}

func (d *duo) phonesActivationURL() *cobra.Command {
	var p duoclient.ActivationParams
	var noQR bool
	cmd := verb("activation-url PHONE", "Make a link that activates Duo Mobile on a phone, and its QR code",
		"  mfaserver duo phones activation-url +17345550100 --valid 1h", takes("phone"),
		func(ctx context.Context, args []string) error {
			a, err := d.activate(ctx, args[0], p)
			if err != nil {
				return err
			}
			if d.output == "json" {
				return d.reveal(a)
			}
			return d.showActivation(a, noQR)
		})
	cmd.Long = `activation-url makes a link that activates Duo Mobile on a phone, and draws its QR
code. Earlier links of the phone end. Whoever has the link can take the phone's
place: it is shown this once.`
	activationFlags(&p, cmd.Flags())
	cmd.Flags().BoolVar(&noQR, "no-qr", false, "draw no QR code")
	return cmd
}

func activationFlags(p *duoclient.ActivationParams, flags *pflag.FlagSet) {
	flags.DurationVar(&p.Valid, "valid", 24*time.Hour, "the link is good for `DURATION`")
	flags.BoolVar(&p.Install, "install", false, "a link to install Duo Mobile too")
}

func (d *duo) activate(ctx context.Context, name string, p duoclient.ActivationParams) (*duoclient.Activation, error) {
	f, err := one(ctx, d, name, findPhone)
	if err != nil {
		return nil, err
	}
	deed := phoneDeed(helpdesk.ActionActivationURL, f.it)
	deed.Detail["valid"] = p.Valid.String()
	var a *duoclient.Activation
	err = d.do(ctx, f.org, deed, func(ctx context.Context) error {
		a, err = f.admin.Phones.ActivationURL(ctx, f.it.PhoneID, p)
		return err
	})
	return a, err
}

func (d *duo) showActivation(a *duoclient.Activation, noQR bool) error {
	err := d.say("activation URL: %s\nIt is good for %s and is not shown again.",
		printable(a.ActivationURL.Reveal()), lasts(time.Duration(a.ValidSecs)*time.Second))
	if a.InstallationURL != "" {
		err = errors.Join(err, d.say("installation URL: %s", printable(a.InstallationURL)))
	}
	if noQR {
		return err
	}
	return errors.Join(err, d.printQR(a.ActivationBarcode.Reveal(), a.ActivationURL.Reveal()))
}
