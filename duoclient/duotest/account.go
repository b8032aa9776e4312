package duotest

import (
	"slices"
	"strings"
	"time"
)

// account is one Duo account with all that belongs to it. The server's mutex
// guards it.
type account struct {
	id, name     string
	apiHost      string
	child        bool
	deleted      bool
	edition      string
	credits      int
	credentials  Credentials
	users        table[*user]      // by DU... key
	names        map[string]string // user IDs by lower-case name or alias
	phones       table[*phone]
	groups       table[*group]
	tokens       table[*token]
	webauthn     table[*WebAuthnCredential]
	integrations table[*integration]
	admins       table[*admin]
	directories  map[string]Directory
	activations  map[string]*activation   // by code
	trusted      map[string]trustedDevice // by token
	offers       map[string]offer         // by txid
	portals      map[string]portal        // by code
	settings     map[string]any
	logo         []byte
	pushes       history[*push]
	logins       history[*login]
	changes      history[change]
	telephony    history[telephonyEntry]
	verified     map[string]*push // verification pushes by ID
}

func newAccount(name string) *account {
	return &account{
		id:           newID("DA"),
		name:         name,
		edition:      "ENTERPRISE",
		credits:      startCredits,
		users:        newTable[*user](),
		names:        map[string]string{},
		phones:       newTable[*phone](),
		groups:       newTable[*group](),
		tokens:       newTable[*token](),
		webauthn:     newTable[*WebAuthnCredential](),
		integrations: newTable[*integration](),
		admins:       newTable[*admin](),
		directories:  map[string]Directory{},
		activations:  map[string]*activation{},
		trusted:      map[string]trustedDevice{},
		offers:       map[string]offer{},
		portals:      map[string]portal{},
		settings:     defaultSettings(name),
		verified:     map[string]*push{},
	}
}

// startCredits is what a new account may spend on calls and text messages.
const startCredits = 1000

// find looks a user up by name or alias, in any case; nil when there is none.
func (a *account) find(name string) *user {
	return a.users.get(a.names[strings.ToLower(name)])
}

// put makes a user out of what a caller described, in place of any user of the
// same name or ID.
func (a *account) put(in User, now time.Time) *user {
	if old := a.find(in.Name); old != nil {
		a.forget(old)
	}
	if in.ID == "" {
		in.ID = newID("DU")
	}
	if old := a.users.get(in.ID); old != nil {
		a.forget(old)
	}
	u := &user{id: in.ID, created: now}
	a.apply(u, in)
	return u
}

// apply writes what a caller described into a record.
func (a *account) apply(u *user, in User) {
	a.unindex(u)
	u.describe(in)
	u.groups = nil
	for _, name := range in.Groups {
		u.groups = append(u.groups, a.groupNamed(name).id)
	}
	before := slices.Clone(u.phones)
	for _, id := range before {
		a.detach(u, id)
	}
	a.users.put(u.id, u)
	for _, p := range in.Phones {
		a.attach(u, a.putPhone(p))
	}
	a.dropPhones(before)
	for _, c := range a.credentialsOf(u) {
		a.webauthn.remove(c.Key)
	}
	for _, c := range in.WebAuthn {
		a.putWebAuthn(u, c)
	}
	a.index(u)
}

// putPhone keeps a phone and how many passcodes it has used.
func (a *account) putPhone(in Phone) string {
	if in.ID == "" {
		in.ID = newID("DP")
	}
	if in.Platform == "" {
		in.Platform = "Generic Smartphone"
	}
	if in.Type == "" {
		in.Type = "Mobile"
	}
	if in.IP == "" {
		in.IP = "192.0.2.10"
	}
	in.Passcode = ""
	p := a.phones.get(in.ID)
	if p == nil {
		p = &phone{}
		a.phones.put(in.ID, p)
	}
	p.Phone = in
	return in.ID
}

// attach gives a phone to a user, once.
func (a *account) attach(u *user, phoneID string) {
	if !slices.Contains(u.phones, phoneID) {
		u.phones = append(u.phones, phoneID)
		p := a.phones.get(phoneID)
		p.users = append(p.users, u.id)
	}
}

func (a *account) detach(u *user, phoneID string) {
	u.phones = slices.DeleteFunc(u.phones, func(id string) bool { return id == phoneID })
	if p := a.phones.get(phoneID); p != nil {
		p.users = slices.DeleteFunc(p.users, func(id string) bool { return id == u.id })
	}
}

// remove ends a user; phones and tokens stay behind without one.
func (a *account) remove(u *user) {
	a.unindex(u)
	a.users.remove(u.id)
	for _, id := range slices.Clone(u.phones) {
		a.detach(u, id)
	}
	for _, id := range slices.Clone(u.tokens) {
		a.detachToken(u, id)
	}
	for _, c := range a.credentialsOf(u) {
		a.webauthn.remove(c.Key)
	}
	for _, p := range a.pushes.entries {
		if p.userID == u.id {
			p.end(AnswerCancelled, p.At)
		}
	}
}

// forget removes a user and the phones that are nobody else's.
func (a *account) forget(u *user) {
	before := slices.Clone(u.phones)
	a.remove(u)
	a.dropPhones(before)
}

// index makes the user findable by name and aliases.
func (a *account) index(u *user) {
	for _, name := range u.allNames() {
		a.names[strings.ToLower(name)] = u.id
	}
}

func (a *account) unindex(u *user) {
	for _, name := range u.allNames() {
		if key := strings.ToLower(name); a.names[key] == u.id {
			delete(a.names, key)
		}
	}
}

// dropPhones forgets those phones that nobody has any more.
func (a *account) dropPhones(ids []string) {
	for _, id := range ids {
		if p := a.phones.get(id); p != nil && len(p.users) == 0 {
			a.phones.remove(id)
		}
	}
}

// devices are the user's phones in order.
func (a *account) devices(u *user) []*phone {
	out := make([]*phone, 0, len(u.phones))
	for _, id := range u.phones {
		out = append(out, a.phones.get(id))
	}
	return out
}

// enrolled says whether the user has something to prove who they are with. A
// phone with a number counts before it is activated, one without does not.
func (a *account) enrolled(u *user) bool {
	return len(u.tokens) > 0 || slices.ContainsFunc(a.devices(u), func(p *phone) bool { return p.usable() }) ||
		len(a.credentialsOf(u)) > 0
}

// snapshot is the user as callers see it.
func (a *account) snapshot(u *user) User {
	out := User{
		ID: u.id, Name: u.name, Aliases: u.allNames()[1:],
		RealName: u.realName, FirstName: u.firstName, LastName: u.lastName, Email: u.email, Notes: u.notes,
		Status: u.status, Failures: u.failures, Auto: u.auto, NoAutoPrompt: u.noAutoPrompt,
		Created: u.created, LastLogin: u.lastLogin,
	}
	for _, id := range u.groups {
		out.Groups = append(out.Groups, a.groups.get(id).name)
	}
	for _, p := range a.devices(u) {
		out.Phones = append(out.Phones, p.snapshot())
	}
	for _, b := range u.bypass {
		out.BypassCodes = append(out.BypassCodes, b.code)
	}
	for _, c := range a.credentialsOf(u) {
		out.WebAuthn = append(out.WebAuthn, *c)
	}
	return out
}
