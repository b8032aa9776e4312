package main

import (
	"fmt"
	"strconv"
	"strings"

	"mfaserver/duoclient"
)

// joined prints a list in one cell.
func joined[T any](list []T, text func(T) string) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = text(v)
	}
	return strings.Join(texts, ", ")
}

func userColumns() []column[duoclient.User] {
	type u = duoclient.User
	return []column[u]{
		{head: "ID", cell: func(v *u) string { return v.UserID }},
		{head: "NAME", cell: func(v *u) string { return v.Username }},
		{head: "STATUS", cell: func(v *u) string { return string(v.Status) }},
		{head: "ENROLLED", cell: func(v *u) string { return yesNo(v.IsEnrolled) }},
		{head: "PHONES", cell: func(v *u) string { return joined(v.Phones, phoneLabel) }},
		{head: "LAST LOGIN", cell: func(v *u) string { return orNever(instant(v.LastLogin)) }},
		{head: "REAL NAME", cell: func(v *u) string { return v.Realname }},
		{head: "E-MAIL", cell: func(v *u) string { return v.Email }},
		{head: "FIRST NAME", more: true, cell: func(v *u) string { return v.Firstname }},
		{head: "LAST NAME", more: true, cell: func(v *u) string { return v.Lastname }},
		{head: "ALIASES", more: true, cell: func(v *u) string { return aliases(v.Aliases) }},
		{head: "LOCKED OUT FOR", more: true, cell: func(v *u) string { return v.LockoutReason }},
		{head: "NOTES", more: true, cell: func(v *u) string { return v.Notes }},
		{head: "GROUPS", more: true, cell: func(v *u) string {
			return joined(v.Groups, func(g duoclient.Group) string { return g.Name })
		}},
		{head: "TOKENS", more: true, cell: func(v *u) string {
			return joined(v.Tokens, func(t duoclient.Token) string { return t.Type + " " + t.Serial })
		}},
		{head: "SECURITY KEYS", more: true, cell: func(v *u) string {
			return joined(v.WebAuthn, func(w duoclient.WebAuthn) string { return w.CredentialName })
		}},
		{head: "CREATED", more: true, cell: func(v *u) string { return instant(v.Created) }},
		{head: "DIRECTORY SYNC", more: true, cell: func(v *u) string { return instant(v.LastDirectorySync) }},
		{head: "EXTERNAL ID", more: true, cell: func(v *u) string { return v.ExternalID }},
	}
}

// aliases prints alias1, alias2 and so on.
func aliases(all map[string]string) string {
	var list []string
	for i := range len(all) {
		if alias := all[fmt.Sprintf("alias%d", i+1)]; alias != "" {
			list = append(list, alias)
		}
	}
	return strings.Join(list, ", ")
}

func orNever(text string) string {
	if text == "" {
		return "never"
	}
	return text
}

// phoneLabel is a phone in a list of phones: its number, or what else there is.
func phoneLabel(p duoclient.Phone) string {
	switch {
	case p.Number != "" && p.Extension != "":
		return p.Number + " ext. " + p.Extension
	case p.Number != "":
		return p.Number
	case p.Name != "":
		return p.Name
	default:
		return p.PhoneID
	}
}

func phoneColumns() []column[duoclient.Phone] {
	type p = duoclient.Phone
	return []column[p]{
		{head: "ID", cell: func(v *p) string { return v.PhoneID }},
		{head: "NUMBER", cell: func(v *p) string { return v.Number }},
		{head: "EXTENSION", more: true, cell: func(v *p) string { return v.Extension }},
		{head: "NAME", cell: func(v *p) string { return v.Name }},
		{head: "TYPE", cell: func(v *p) string { return v.Type }},
		{head: "PLATFORM", cell: func(v *p) string { return v.Platform }},
		{head: "ACTIVATED", cell: func(v *p) string { return yesNo(v.Activated) }},
		{head: "USERS", cell: func(v *p) string { return joined(v.Users, func(u duoclient.User) string { return u.Username }) }},
		{head: "CAPABILITIES", more: true, cell: func(v *p) string { return strings.Join(v.Capabilities, ", ") }},
		{head: "MODEL", more: true, cell: func(v *p) string { return v.Model }},
		{head: "LAST SEEN", more: true, cell: func(v *p) string { return instant(v.LastSeen) }},
		{head: "ENCRYPTED", more: true, cell: func(v *p) string { return v.Encrypted }},
		{head: "SCREEN LOCK", more: true, cell: func(v *p) string { return v.Screenlock }},
		{head: "TAMPERED", more: true, cell: func(v *p) string { return v.Tampered }},
	}
}

func bypassColumns() []column[duoclient.BypassCode] {
	type b = duoclient.BypassCode
	return []column[b]{
		{head: "ID", cell: func(v *b) string { return v.BypassCodeID }},
		{head: "USER", cell: func(v *b) string {
			if v.User == nil {
				return ""
			}
			return v.User.Username
		}},
		{head: "CREATED", cell: func(v *b) string { return instant(v.Created) }},
		{head: "EXPIRES", cell: func(v *b) string { return orNever(instant(v.Expiration)) }},
		{head: "USES LEFT", cell: func(v *b) string {
			if v.ReuseCount == nil {
				return "unlimited"
			}
			return strconv.Itoa(*v.ReuseCount)
		}},
		{head: "MADE BY", cell: func(v *b) string { return v.AdminEmail }},
	}
}

func groupColumns() []column[duoclient.Group] {
	type g = duoclient.Group
	return []column[g]{
		{head: "ID", cell: func(v *g) string { return v.GroupID }},
		{head: "NAME", cell: func(v *g) string { return v.Name }},
		{head: "STATUS", cell: func(v *g) string { return v.Status }},
		{head: "DESCRIPTION", cell: func(v *g) string { return v.Desc }},
	}
}

func memberColumns() []column[duoclient.GroupMember] {
	type m = duoclient.GroupMember
	return []column[m]{
		{head: "ID", cell: func(v *m) string { return v.UserID }},
		{head: "NAME", cell: func(v *m) string { return v.Username }},
	}
}

func tokenColumns() []column[duoclient.Token] {
	type t = duoclient.Token
	return []column[t]{
		{head: "ID", cell: func(v *t) string { return v.TokenID }},
		{head: "TYPE", cell: func(v *t) string { return v.Type }},
		{head: "SERIAL", cell: func(v *t) string { return v.Serial }},
		{head: "USERS", cell: func(v *t) string { return joined(v.Users, func(u duoclient.User) string { return u.Username }) }},
		{head: "ADMINS", cell: func(v *t) string {
			return joined(v.Admins, func(a duoclient.TokenAdmin) string { return a.Name })
		}},
	}
}

func webauthnColumns() []column[duoclient.WebAuthn] {
	type w = duoclient.WebAuthn
	return []column[w]{
		{head: "KEY", cell: func(v *w) string { return v.WebAuthnKey }},
		{head: "NAME", cell: func(v *w) string { return v.CredentialName }},
		{head: "LABEL", cell: func(v *w) string { return v.Label }},
		{head: "ADDED", cell: func(v *w) string { return instant(v.DateAdded) }},
		{head: "LAST USED", cell: func(v *w) string { return orNever(instant(v.DateLastUsed)) }},
	}
}

func integrationColumns() []column[duoclient.Integration] {
	type i = duoclient.Integration
	return []column[i]{
		{head: "KEY", cell: func(v *i) string { return v.IntegrationKey }},
		{head: "NAME", cell: func(v *i) string { return v.Name }},
		{head: "TYPE", cell: func(v *i) string { return v.Type }},
		{head: "ENROLL POLICY", more: true, cell: func(v *i) string { return v.EnrollPolicy }},
		{head: "POLICY", more: true, cell: func(v *i) string { return v.PolicyKey }},
		{head: "GROUPS ALLOWED", more: true, cell: func(v *i) string { return strings.Join(v.GroupsAllowed, ", ") }},
		{head: "NETWORKS", more: true, cell: func(v *i) string { return v.NetworksForAPIAccess }},
		{head: "PERMISSIONS", more: true, cell: permissions},
		{head: "NOTES", more: true, cell: func(v *i) string { return v.Notes }},
	}
}

// permissions are those of an Admin API application, in the panel's words.
func permissions(i *duoclient.Integration) string {
	var list []string
	for _, p := range []struct {
		name string
		is   bool
	}{
		{"administrators", i.AdminAPIAdmins},
		{"read information", i.AdminAPIInfo},
		{"applications", i.AdminAPIIntegrations},
		{"read log", i.AdminAPIReadLog},
		{"read resource", i.AdminAPIReadResource},
		{"settings", i.AdminAPISettings},
		{"write resource", i.AdminAPIWriteResource},
	} {
		if p.is {
			list = append(list, p.name)
		}
	}
	return strings.Join(list, ", ")
}

func administratorColumns() []column[duoclient.Administrator] {
	type a = duoclient.Administrator
	return []column[a]{
		{head: "ID", cell: func(v *a) string { return v.AdminID }},
		{head: "NAME", cell: func(v *a) string { return v.Name }},
		{head: "E-MAIL", cell: func(v *a) string { return v.Email }},
		{head: "ROLE", cell: func(v *a) string { return v.Role }},
		{head: "STATUS", cell: func(v *a) string { return v.Status }},
		{head: "LAST LOGIN", cell: func(v *a) string { return orNever(instant(v.LastLogin)) }},
		{head: "PHONE", more: true, cell: func(v *a) string { return v.Phone }},
		{head: "CREATED", more: true, cell: func(v *a) string { return instant(v.Created) }},
		{head: "UNITS", more: true, cell: func(v *a) string { return strings.Join(v.AdminUnits, ", ") }},
	}
}
