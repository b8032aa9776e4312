package duotest

import "strconv"

// userCore is a user as it appears inside other objects.
func (a *account) userCore(u *user) fields {
	aliases := fields{}
	out := fields{
		"user_id": u.id, "username": u.name, "aliases": aliases,
		"realname": u.realName, "firstname": textOrNull(u.firstName), "lastname": textOrNull(u.lastName),
		"email": u.email, "status": u.status, "lockout_reason": textOrNull(u.lockoutReason), "notes": u.notes,
		"created": u.created.Unix(), "last_login": seconds(u.lastLogin), "last_directory_sync": seconds(u.synced),
		"is_enrolled": a.enrolled(u), "enable_auto_prompt": !u.noAutoPrompt,
	}
	for i, alias := range u.aliases {
		name := "alias" + strconv.Itoa(i+1)
		if i < 4 {
			out[name] = textOrNull(alias)
		}
		if alias != "" {
			aliases[name] = alias
		}
	}
	if u.externalID != "" {
		out["external_id"] = u.externalID
	}
	return out
}

// userObject is a user with all that belongs to them.
func (a *account) userObject(u *user) fields {
	out := a.userCore(u)
	groups, phones, tokens := []any{}, []any{}, []any{}
	for _, id := range u.groups {
		groups = append(groups, groupObject(a.groups.get(id)))
	}
	for _, p := range a.devices(u) {
		phones = append(phones, phoneCore(p))
	}
	for _, id := range u.tokens {
		t := a.tokens.get(id)
		tokens = append(tokens, fields{"serial": t.serial, "token_id": t.id, "type": t.kind})
	}
	credentials := []any{}
	for _, c := range a.credentialsOf(u) {
		credentials = append(credentials, fields{
			"credential_name": c.Name, "date_added": c.Added.Unix(), "label": c.Label, "webauthnkey": c.Key,
		})
	}
	custom := fields{}
	for name, value := range u.custom {
		custom[name] = value
	}
	out["groups"], out["phones"], out["tokens"], out["webauthncredentials"] = groups, phones, tokens, credentials
	out["u2ftokens"], out["desktoptokens"], out["desktopauthenticators"] = []any{}, []any{}, []any{}
	out["custom_attributes"] = custom
	return out
}

// groupObject is a group without its users.
func groupObject(g *group) fields {
	return fields{
		"group_id": g.id, "name": g.name, "desc": g.desc, "status": g.status,
		"push_enabled": false, "sms_enabled": false, "voice_enabled": false, "mobile_otp_enabled": false,
	}
}

// phoneCore is a phone as it appears inside a user.
func phoneCore(p *phone) fields {
	state := func(good string) string {
		if p.Activated {
			return good
		}
		return ""
	}
	out := fields{
		"phone_id": p.ID, "number": p.Number, "extension": p.Extension, "name": p.Name, "type": p.Type,
		"platform": p.Platform, "activated": p.Activated, "capabilities": p.capabilities(), "model": p.Model,
		"encrypted": state("Encrypted"), "fingerprint": state("Configured"), "screenlock": state("Locked"),
		"tampered": state("Not tampered"), "last_seen": nil, "sms_passcodes_sent": p.smsSent,
	}
	for name, value := range map[string]string{"predelay": p.predelay, "postdelay": p.postdelay} {
		if value != "" {
			out[name] = value
		}
	}
	if !p.lastSeen.IsZero() {
		out["last_seen"] = p.lastSeen.UTC().Format("2006-01-02T15:04:05")
	}
	return out
}

// phoneObject is a phone with its users.
func (a *account) phoneObject(p *phone) fields {
	out := phoneCore(p)
	users := []any{}
	for _, id := range p.users {
		users = append(users, a.userCore(a.users.get(id)))
	}
	out["users"] = users
	return out
}
