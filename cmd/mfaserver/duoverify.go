package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/helpdesk"
)

// verdictView is how a verification ended, for programs.
type verdictView struct {
	Org      string `json:"organization"`
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	PhoneID  string `json:"phone_id"`
	Code     string `json:"confirmation_code"`
	Verdict  string `json:"verdict"`
}

func (d *duo) usersVerify() *cobra.Command {
	var phone string
	var timeout time.Duration
	cmd := verb("verify USER", "Make sure that a caller is who he says he is",
		"  mfaserver duo users verify alice\n  mfaserver duo users verify alice --phone +17345550100", takes("user"),
		func(ctx context.Context, args []string) error { return d.verify(ctx, args[0], phone, timeout) })
	cmd.Long = `verify sends a push to a user's phone and waits for the answer. The phone shows a
code, which is printed here too: let the caller read it out, and compare. The exit
code is 0 only when the push was approved.`
	cmd.Flags().StringVar(&phone, "phone", "", "`PHONE` to push to, by number or id (default: the only one that takes a push)")
	cmd.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "wait for `DURATION`, two minutes at most")
	return cmd
}

func (d *duo) verify(ctx context.Context, name, phone string, timeout time.Duration) error {
	f, err := one(ctx, d, name, findUser)
	if err != nil {
		return err
	}
	o, user := f.org, f.it
	r := helpdesk.VerifyRequest{Subject: helpdesk.Subject{UserID: user.UserID}, Timeout: timeout}
	if phone != "" {
		p, err := findPhone(ctx, f.admin, phone)
		if err != nil {
			return inWhich(o, err)
		}
		r.PhoneID = p.PhoneID
	}
	if r.Order, err = d.order(helpdesk.ActionUserVerify); err != nil {
		return err
	}
	view := verdictView{Org: o.Name(), UserID: user.UserID, Username: user.Username}
	progress := d.progress("waiting for the answer")
	verdict, err := o.Verify(ctx, r, func(v helpdesk.Verification) {
		view.PhoneID, view.Code = v.PhoneID, v.Code.Reveal()
		_ = progress.aside(func() error {
			d.console.complain("The phone of %s shows a code. Let the caller read it out; it must be: %s\n", printable(v.Username), printable(view.Code))
			return nil
		})
	})
	progress.end()
	if err != nil {
		return inWhich(o, err)
	}
	view.Verdict = string(verdict)
	err = d.show(view, fmt.Sprintf("%s: %s", user.Username, verdict))
	if verdict != helpdesk.VerdictApproved {
		err = errors.Join(err, fmt.Errorf("%w: the caller is not verified (%s)", errDenied, verdict))
	}
	return err
}
