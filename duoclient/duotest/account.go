package duotest

import (
	"slices"
	"strings"
	"time"
)

// IntegrationType is what an integration may call.
type IntegrationType string

// The types, in the Admin API's words.
const (
	TypeUniversal IntegrationType = "websdk"
	TypeAuth      IntegrationType = "authapi"
	TypeAdmin     IntegrationType = "adminapi"
	TypeAccounts  IntegrationType = "accountsapi"
)

// Integration is one application of the account.
type Integration struct {
	// Key is the client ID or integration key; made up when empty.
	Key string
	// Secret is the client secret or secret key; made up when empty.
	Secret string
	// Type is [TypeUniversal] when empty.
	Type IntegrationType
	// Name is shown on the page and in auth_context.
	Name string
}

// account is one Duo account with all that belongs to it. The server's mutex
// guards it.
type account struct {
	id           string
	users        map[string]*user // by DU... key
	names        map[string]string
	phones       map[string]*phone // by DP... key
	integrations map[string]Integration
}

func newAccount() *account {
	return &account{
		id:           newID("DA"),
		users:        map[string]*user{},
		names:        map[string]string{},
		phones:       map[string]*phone{},
		integrations: map[string]Integration{},
	}
}

func (a *account) addIntegration(i Integration) Integration {
	if i.Key == "" {
		i.Key = newID("DI")
	}
	if i.Secret == "" {
		i.Secret = randomText(alphanumeric, 40)
	}
	if i.Type == "" {
		i.Type = TypeUniversal
	}
	a.integrations[i.Key] = i
	return i
}

// find looks a user up by name or alias, in any case; nil when there is none.
func (a *account) find(name string) *user {
	return a.users[a.names[strings.ToLower(name)]]
}

// put makes a user out of what a caller described, in place of any user of the
// same name or ID.
func (a *account) put(in User, now time.Time) *user {
	if old := a.find(in.Name); old != nil {
		a.remove(old)
	}
	if in.ID == "" {
		in.ID = newID("DU")
	}
	if old := a.users[in.ID]; old != nil {
		a.remove(old)
	}
	u := &user{id: in.ID, created: now}
	a.apply(u, in)
	return u
}

// apply writes what a caller described into a record.
func (a *account) apply(u *user, in User) {
	a.unindex(u)
	u.name, u.realName, u.email = in.Name, in.RealName, in.Email
	u.aliases, u.groups = slices.Clone(in.Aliases), slices.Clone(in.Groups)
	u.status = in.Status
	if u.status == "" {
		u.status = StatusActive
	}
	u.failures, u.auto, u.noAutoPrompt, u.lastLogin = in.Failures, in.Auto, in.NoAutoPrompt, in.LastLogin
	u.setBypass(in.BypassCodes)
	before := u.phones
	u.phones = nil
	a.users[u.id] = u
	for _, p := range in.Phones {
		u.phones = append(u.phones, a.putPhone(p))
	}
	a.dropPhones(before)
	for _, name := range append([]string{u.name}, u.aliases...) {
		a.names[strings.ToLower(name)] = u.id
	}
}

// putPhone keeps a phone and how many passcodes it has used.
func (a *account) putPhone(in Phone) string {
	if in.ID == "" {
		in.ID = newID("DP")
	}
	if in.Platform == "" {
		in.Platform = "Generic Smartphone"
	}
	if in.IP == "" {
		in.IP = "192.0.2.10"
	}
	in.Passcode = ""
	p := a.phones[in.ID]
	if p == nil {
		p = &phone{}
		a.phones[in.ID] = p
	}
	p.Phone = in
	return in.ID
}

func (a *account) remove(u *user) {
	a.unindex(u)
	delete(a.users, u.id)
	a.dropPhones(u.phones)
}

func (a *account) unindex(u *user) {
	for _, name := range append([]string{u.name}, u.aliases...) {
		if key := strings.ToLower(name); a.names[key] == u.id {
			delete(a.names, key)
		}
	}
}

// dropPhones forgets those phones that nobody has any more.
func (a *account) dropPhones(ids []string) {
	for _, id := range ids {
		shared := false
		for _, u := range a.users {
			shared = shared || slices.Contains(u.phones, id)
		}
		if !shared {
			delete(a.phones, id)
		}
	}
}

// devices are the user's phones in order.
func (a *account) devices(u *user) []*phone {
	out := make([]*phone, 0, len(u.phones))
	for _, id := range u.phones {
		out = append(out, a.phones[id])
	}
	return out
}

// snapshot is the user as callers see it.
func (a *account) snapshot(u *user) User {
	out := User{
		ID: u.id, Name: u.name, Aliases: slices.Clone(u.aliases),
		RealName: u.realName, Email: u.email, Status: u.status,
		Groups: slices.Clone(u.groups), Failures: u.failures,
		Auto: u.auto, NoAutoPrompt: u.noAutoPrompt, LastLogin: u.lastLogin,
	}
	for _, p := range a.devices(u) {
		out.Phones = append(out.Phones, p.snapshot())
	}
	for _, b := range u.bypass {
		out.BypassCodes = append(out.BypassCodes, b.code)
	}
	return out
}
