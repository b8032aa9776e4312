package helpdesk

import (
	"strconv"

	"mfaserver/internal/audit"
)

// Action is something that can be done in an organisation.
type Action int

// The actions.
const (
	ActionRead Action = iota + 1
	ActionReport
	ActionCall
	ActionUserCreate
	ActionUserUpdate
	ActionUserStatus
	ActionUserDelete
	ActionUserReset
	ActionUserEnroll
	ActionUserSync
	ActionUserAsk
	ActionUserVerify
	ActionUserVerified
	ActionPhoneCreate
	ActionPhoneUpdate
	ActionPhoneDelete
	ActionPhoneAssign
	ActionPhoneUnassign
	ActionActivationURL
	ActionActivationSMS
	ActionInstallationSMS
	ActionPasscodesSMS
	ActionBypassCreate
	ActionBypassDelete
	ActionSettingsUpdate
	ActionGroupCreate
	ActionGroupUpdate
	ActionGroupDelete
	ActionGroupAssign
	ActionGroupUnassign
	ActionTokenCreate
	ActionTokenDelete
	ActionTokenResync
	ActionTokenAssign
	ActionTokenUnassign
	ActionWebAuthnDelete
	ActionIntegrationCreate
	ActionIntegrationUpdate
	ActionIntegrationDelete
	ActionAdminCreate
	ActionAdminUpdate
	ActionAdminDelete
	ActionAccountCreate
	ActionAccountDelete
	endOfActions
)

// trait is what is known of an action.
type trait struct {
	name  string
	event audit.Name
	// weakens: somebody's second factor is weaker or gone afterwards, so that
	// a reason is needed (threats T158, T159).
	weakens bool
	// destroys: it cannot be undone.
	destroys bool
}

var traits = [endOfActions]trait{
	ActionRead:              {name: "read", event: audit.DuoRead},
	ActionReport:            {name: "users.report", event: audit.DuoReported},
	ActionCall:              {name: "call", event: audit.DuoCalled},
	ActionUserCreate:        {name: "users.create", event: audit.DuoUserCreated},
	ActionUserUpdate:        {name: "users.update", event: audit.DuoUserChanged},
	ActionUserStatus:        {name: "users.status", event: audit.DuoUserStatus, weakens: true},
	ActionUserDelete:        {name: "users.delete", event: audit.DuoUserDeleted, weakens: true, destroys: true},
	ActionUserReset:         {name: "users.reset", event: audit.DuoUserReset, weakens: true, destroys: true},
	ActionUserEnroll:        {name: "users.enroll", event: audit.DuoUserInvited},
	ActionUserSync:          {name: "users.sync", event: audit.DuoUserSynced},
	ActionUserAsk:           {name: "auth.send", event: audit.DuoUserAsked},
	ActionUserVerify:        {name: "users.verify", event: audit.DuoUserVerifying},
	ActionUserVerified:      {name: "users.verified", event: audit.DuoUserVerified},
	ActionPhoneCreate:       {name: "phones.create", event: audit.DuoPhoneCreated},
	ActionPhoneUpdate:       {name: "phones.update", event: audit.DuoPhoneChanged},
	ActionPhoneDelete:       {name: "phones.delete", event: audit.DuoPhoneDeleted, weakens: true, destroys: true},
	ActionPhoneAssign:       {name: "phones.assign", event: audit.DuoPhoneAssigned},
	ActionPhoneUnassign:     {name: "phones.unassign", event: audit.DuoPhoneUnassigned, weakens: true},
	ActionActivationURL:     {name: "phones.activation-url", event: audit.DuoActivationShown},
	ActionActivationSMS:     {name: "phones.sms-activation", event: audit.DuoActivationSent},
	ActionInstallationSMS:   {name: "phones.sms-installation", event: audit.DuoMessageSent},
	ActionPasscodesSMS:      {name: "phones.sms-passcodes", event: audit.DuoMessageSent},
	ActionBypassCreate:      {name: "bypass.create", event: audit.DuoCodesCreated, weakens: true},
	ActionBypassDelete:      {name: "bypass.delete", event: audit.DuoCodesDeleted, destroys: true},
	ActionSettingsUpdate:    {name: "settings.update", event: audit.DuoSettingsChanged, weakens: true},
	ActionGroupCreate:       {name: "groups.create", event: audit.DuoGroupChanged},
	ActionGroupUpdate:       {name: "groups.update", event: audit.DuoGroupChanged, weakens: true},
	ActionGroupDelete:       {name: "groups.delete", event: audit.DuoGroupChanged, weakens: true, destroys: true},
	ActionGroupAssign:       {name: "groups.assign", event: audit.DuoGroupChanged, weakens: true},
	ActionGroupUnassign:     {name: "groups.unassign", event: audit.DuoGroupChanged, weakens: true},
	ActionTokenCreate:       {name: "tokens.create", event: audit.DuoTokenChanged},
	ActionTokenDelete:       {name: "tokens.delete", event: audit.DuoTokenChanged, weakens: true, destroys: true},
	ActionTokenResync:       {name: "tokens.resync", event: audit.DuoTokenChanged},
	ActionTokenAssign:       {name: "tokens.assign", event: audit.DuoTokenChanged},
	ActionTokenUnassign:     {name: "tokens.unassign", event: audit.DuoTokenChanged, weakens: true},
	ActionWebAuthnDelete:    {name: "webauthn.delete", event: audit.DuoWebAuthnChanged, weakens: true, destroys: true},
	ActionIntegrationCreate: {name: "integrations.create", event: audit.DuoIntegrationChanged},
	ActionIntegrationUpdate: {name: "integrations.update", event: audit.DuoIntegrationChanged, weakens: true},
	ActionIntegrationDelete: {name: "integrations.delete", event: audit.DuoIntegrationChanged, weakens: true, destroys: true},
	ActionAdminCreate:       {name: "admins.create", event: audit.DuoAdministratorChange},
	ActionAdminUpdate:       {name: "admins.update", event: audit.DuoAdministratorChange},
	ActionAdminDelete:       {name: "admins.delete", event: audit.DuoAdministratorChange, weakens: true, destroys: true},
	ActionAccountCreate:     {name: "accounts.create", event: audit.DuoAccountCreated},
	ActionAccountDelete:     {name: "accounts.delete", event: audit.DuoAccountDeleted, weakens: true, destroys: true},
}

func (a Action) trait() trait {
	if a <= 0 || a >= endOfActions {
		return trait{name: "action " + strconv.Itoa(int(a)), weakens: true, destroys: true}
	}
	return traits[a]
}

// String gives the action's name, noun first.
func (a Action) String() string { return a.trait().name }

// NeedsReason reports whether an order needs a reason for this.
func (a Action) NeedsReason() bool { return a.trait().weakens }

// Destroys reports whether this cannot be undone, so that a person is asked
// first.
func (a Action) Destroys() bool { return a.trait().destroys }

func (a Action) event() audit.Name { return a.trait().event }
