package helpdesk_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
)

// recorded is the event of each action.
func recorded() map[helpdesk.Action]audit.Name {
	return map[helpdesk.Action]audit.Name{
		helpdesk.ActionRead:              audit.DuoRead,
		helpdesk.ActionReport:            audit.DuoReported,
		helpdesk.ActionCall:              audit.DuoCalled,
		helpdesk.ActionUserCreate:        audit.DuoUserCreated,
		helpdesk.ActionUserUpdate:        audit.DuoUserChanged,
		helpdesk.ActionUserStatus:        audit.DuoUserStatus,
		helpdesk.ActionUserDelete:        audit.DuoUserDeleted,
		helpdesk.ActionUserReset:         audit.DuoUserReset,
		helpdesk.ActionUserEnroll:        audit.DuoUserInvited,
		helpdesk.ActionUserSync:          audit.DuoUserSynced,
		helpdesk.ActionUserAsk:           audit.DuoUserAsked,
		helpdesk.ActionUserVerify:        audit.DuoUserVerifying,
		helpdesk.ActionUserVerified:      audit.DuoUserVerified,
		helpdesk.ActionPhoneCreate:       audit.DuoPhoneCreated,
		helpdesk.ActionPhoneUpdate:       audit.DuoPhoneChanged,
		helpdesk.ActionPhoneDelete:       audit.DuoPhoneDeleted,
		helpdesk.ActionPhoneAssign:       audit.DuoPhoneAssigned,
		helpdesk.ActionPhoneUnassign:     audit.DuoPhoneUnassigned,
		helpdesk.ActionActivationURL:     audit.DuoActivationShown,
		helpdesk.ActionActivationSMS:     audit.DuoActivationSent,
		helpdesk.ActionInstallationSMS:   audit.DuoMessageSent,
		helpdesk.ActionPasscodesSMS:      audit.DuoMessageSent,
		helpdesk.ActionBypassCreate:      audit.DuoCodesCreated,
		helpdesk.ActionBypassDelete:      audit.DuoCodesDeleted,
		helpdesk.ActionSettingsUpdate:    audit.DuoSettingsChanged,
		helpdesk.ActionGroupCreate:       audit.DuoGroupChanged,
		helpdesk.ActionGroupUpdate:       audit.DuoGroupChanged,
		helpdesk.ActionGroupDelete:       audit.DuoGroupChanged,
		helpdesk.ActionGroupAssign:       audit.DuoGroupChanged,
		helpdesk.ActionGroupUnassign:     audit.DuoGroupChanged,
		helpdesk.ActionTokenCreate:       audit.DuoTokenChanged,
		helpdesk.ActionTokenDelete:       audit.DuoTokenChanged,
		helpdesk.ActionTokenResync:       audit.DuoTokenChanged,
		helpdesk.ActionTokenAssign:       audit.DuoTokenChanged,
		helpdesk.ActionTokenUnassign:     audit.DuoTokenChanged,
		helpdesk.ActionWebAuthnDelete:    audit.DuoWebAuthnChanged,
		helpdesk.ActionIntegrationCreate: audit.DuoIntegrationChanged,
		helpdesk.ActionIntegrationUpdate: audit.DuoIntegrationChanged,
		helpdesk.ActionIntegrationDelete: audit.DuoIntegrationChanged,
		helpdesk.ActionAdminCreate:       audit.DuoAdministratorChange,
		helpdesk.ActionAdminUpdate:       audit.DuoAdministratorChange,
		helpdesk.ActionAdminDelete:       audit.DuoAdministratorChange,
		helpdesk.ActionAccountCreate:     audit.DuoAccountCreated,
		helpdesk.ActionAccountDelete:     audit.DuoAccountDeleted,
	}
}

// Threats T192, T195: each action is one event, with who did what to whom, from
// where, why, and in which organisation; before it happens, and once more when
// it fails. Without its record it does not happen.
func TestEveryActionIsRecorded(t *testing.T) {
	t.Parallel()
	events := recorded()
	actor := helpdesk.Actor{
		Name: "helen", Source: netip.MustParseAddr("192.0.2.7"), UserAgent: "browser", Session: "0123456789ab", RequestID: "fedcba9876543210",
	}
	for a := helpdesk.ActionRead; a <= helpdesk.ActionAccountDelete; a++ {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			b := start(t, nil)
			o := helpdesk.Order{Actor: actor, Reason: "lost phone", Ticket: "HD-17"}
			deed := helpdesk.Deed{Action: a, Subject: "alice", Detail: map[string]string{"phone_id": "DPXXXXXXXXXXXXXXXXXX"}}
			want := audit.Event{
				Name: events[a], Outcome: audit.OK, Username: "alice", Actor: "helen", Source: actor.Source, UserAgent: "browser",
				Session: "0123456789ab", RequestID: "fedcba9876543210",
				Detail: map[string]string{
					"action": a.String(), "org": "default", "reason": "lost phone", "ticket": "HD-17", "phone_id": "DPXXXXXXXXXXXXXXXXXX",
				},
			}
			same := func(got, want []audit.Event) {
				t.Helper()
				if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			}
			err := b.org(t).Do(t.Context(), o, deed, func(context.Context) error {
				same(b.trail.Events(), []audit.Event{want})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			broken := errors.New("broken")
			if err := b.org(t).Do(t.Context(), o, deed, func(context.Context) error { return broken }); !errors.Is(err, broken) {
				t.Errorf("Do of what fails = %v", err)
			}
			failed := want
			failed.Outcome, failed.Reason = audit.Failed, b.trail.Events()[2].Reason
			same(b.trail.Events(), []audit.Event{want, want, failed})
			if failed.Reason == "" {
				t.Error("nothing says why it failed")
			}
			b.trail.Fail(1)
			err = b.org(t).Do(t.Context(), o, deed, func(context.Context) error { t.Error("done without its record"); return nil })
			if !errors.Is(err, audit.ErrUnwritten) {
				t.Errorf("Do without a record = %v, want ErrUnwritten", err)
			}
		})
	}
}
