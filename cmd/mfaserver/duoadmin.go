package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

func (d *duo) admin() *cobra.Command {
	return noun("admin", "Make any call of Duo's Admin API", "admin makes calls of Duo's Admin API that have no command of their own.",
		"  mfaserver duo admin call GET /admin/v1/users limit=10\n  mfaserver duo admin info",
		d.adminCall(), d.adminInfo())
}

func (d *duo) adminCall() *cobra.Command {
	return d.call("Admin API", "/admin/",
		"  mfaserver duo admin call GET /admin/v1/users limit=10\n  mfaserver duo admin call GET /admin/v2/policies --org clinic-a",
		func(ctx context.Context) (caller, *helpdesk.Org, error) {
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return nil, nil, err
			}
			return admin.Call, o, nil
		})
}

func (d *duo) adminInfo() *cobra.Command {
	return verb("info", "Count what the account has", "  mfaserver duo admin info --org clinic-a", noArgs,
		func(ctx context.Context, _ []string) error {
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return err
			}
			return d.reading(ctx, o, "", func(ctx context.Context) error {
				summary, err := admin.Info.Summary(ctx)
				if err != nil {
					return err
				}
				return showOne(d, summaryColumns(), summary)
			})
		})
}

func summaryColumns() []column[duoclient.Summary] {
	type s = duoclient.Summary
	return []column[s]{
		{head: "USERS", cell: func(v *s) string { return strconv.Itoa(v.UserCount) }},
		{head: "ADMINISTRATORS", cell: func(v *s) string { return strconv.Itoa(v.AdminCount) }},
		{head: "APPLICATIONS", cell: func(v *s) string { return strconv.Itoa(v.IntegrationCount) }},
		{head: "TELEPHONY CREDITS LEFT", cell: func(v *s) string { return strconv.Itoa(v.TelephonyCreditsRemaining) }},
	}
}
