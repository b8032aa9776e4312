package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// sent is what a command that sends an SMS prints for programs. The message
// stays out: it may hold a link that lets in whoever has it.
type sent struct {
	PhoneID   string `json:"phone_id"`
	Sent      string `json:"sent"`
	ValidSecs int    `json:"valid_secs,omitempty"`
}

// sms is a command that sends something to a phone.
func (d *duo) sms(use, short, example string, action helpdesk.Action, what string,
	send func(ctx context.Context, admin *duoclient.Admin, phoneID string) (validSecs int, err error),
) *cobra.Command {
	return verb(use+" PHONE", short, example, takes("phone"), func(ctx context.Context, args []string) error {
		f, err := one(ctx, d, args[0], findPhone)
		if err != nil {
			return err
		}
		return result(ctx, d, f.org, phoneDeed(action, f.it), func(ctx context.Context) (*sent, error) {
			valid, err := send(ctx, f.admin, f.it.PhoneID)
			return &sent{PhoneID: f.it.PhoneID, Sent: what, ValidSecs: valid}, err
		}, func(*sent) string { return fmt.Sprintf("sent %s to %s (%s)", what, phoneLabel(*f.it), f.it.PhoneID) })
	})
}

func (d *duo) phonesSMSActivation() *cobra.Command {
	var p duoclient.ActivationParams
	cmd := d.sms("sms-activation", "Send a link that activates Duo Mobile by SMS",
		"  mfaserver duo phones sms-activation +17345550100 --install\n  mfaserver duo phones sms-activation +17345550100 --message \"Tap this: <acturl>\"",
		helpdesk.ActionActivationSMS, "an activation link",
		func(ctx context.Context, admin *duoclient.Admin, phoneID string) (int, error) {
			a, err := admin.Phones.SMSActivation(ctx, phoneID, p)
			if err != nil {
				return 0, err
			}
			return a.ValidSecs, nil
		})
	activationFlags(&p, cmd.Flags())
	cmd.Flags().StringVar(&p.ActivationMessage, "message", "", "`TEXT` of the message; it must hold <acturl> (default: Duo's)")
	cmd.Flags().StringVar(&p.InstallationMessage, "install-message", "", "`TEXT` of the message before it; it must hold <insturl> (default: Duo's)")
	return cmd
}

func (d *duo) phonesSMSInstallation() *cobra.Command {
	var message string
	cmd := d.sms("sms-installation", "Send a link to install Duo Mobile by SMS", "  mfaserver duo phones sms-installation +17345550100",
		helpdesk.ActionInstallationSMS, "an installation link",
		func(ctx context.Context, admin *duoclient.Admin, phoneID string) (int, error) {
			_, err := admin.Phones.SMSInstallation(ctx, phoneID, message)
			return 0, err
		})
	cmd.Flags().StringVar(&message, "message", "", "`TEXT` of the message; it must hold <insturl> (default: Duo's)")
	return cmd
}

func (d *duo) phonesSMSPasscodes() *cobra.Command {
	return d.sms("sms-passcodes", "Send new passcodes by SMS; earlier ones end", "  mfaserver duo phones sms-passcodes +17345550100",
		helpdesk.ActionPasscodesSMS, "passcodes",
		func(ctx context.Context, admin *duoclient.Admin, phoneID string) (int, error) {
			return 0, admin.Phones.SMSPasscodes(ctx, phoneID)
		})
}
