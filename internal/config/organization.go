package config

import (
	"regexp"
	"time"

	"github.com/goccy/go-yaml"
)

// DefaultOrganization is the name of the Duo account that duo describes.
const DefaultOrganization = "default"

// Organization is one more Duo account. Its administration goes through the
// application duo.accounts, when it has an AccountID, or through an Admin API
// application of its own.
type Organization struct {
	// Name is what commands call it: lower-case letters, digits, dots,
	// hyphens, underscores.
	Name string
	// AccountID is the child account that duo.accounts speaks for; empty when
	// the organisation has its own Admin API application.
	AccountID string
	// APIHostname is the child account's API host. Empty: the Accounts API is
	// asked for it.
	APIHostname string
	// DirectoryKey is as [Duo.DirectoryKey].
	DirectoryKey string
	// Universal, Auth and Admin are the organisation's own applications, each
	// optional.
	Universal   Universal
	Auth, Admin API
	// Defaults are those of the help desk for this organisation.
	Defaults OrganizationDefaults
}

// OrganizationDefaults is what the help desk takes when nothing is asked for.
type OrganizationDefaults struct {
	// BypassLife is how long bypass codes are valid; ActivationLife how long
	// activation links are.
	BypassLife, ActivationLife time.Duration
}

// HelpDesk bounds what the help desk may hand out.
type HelpDesk struct {
	// OrganizationDefaults hold for every organisation that says nothing else.
	OrganizationDefaults
	// BypassCodes is the most bypass codes of one request; BypassPerDay the
	// most that one person may hand out within 24 hours.
	BypassCodes, BypassPerDay int
	// BypassStatusLife is how long a user or group stays in bypass when nobody
	// says.
	BypassStatusLife time.Duration
}

// Bounds of the help desk (threats T158, T159, T160).
const (
	shortestBypass, longestBypass         = 5 * time.Minute, 24 * time.Hour
	shortestStatus, longestStatus         = 5 * time.Minute, 7 * 24 * time.Hour
	shortestActivation, longestActivation = 10 * time.Minute, 7 * 24 * time.Hour
)

// Configured reports whether the application is there.
func (u Universal) Configured() bool { return u.ClientID != "" }

var organizationName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func (r *reader) helpDesk(s *section) HelpDesk {
	defer s.done()
	h := HelpDesk{OrganizationDefaults: s.organizationDefaults(OrganizationDefaults{
		BypassLife: time.Hour, ActivationLife: 24 * time.Hour,
	})}
	h.BypassCodes, _ = s.integer("bypass_codes", 5, 1, 5)
	h.BypassPerDay, _ = s.integer("bypass_per_day", 10, 1, 1000)
	h.BypassStatusLife, _ = s.duration("bypass_status_life", 8*time.Hour, shortestStatus, longestStatus)
	return h
}

func (s *section) organizationDefaults(def OrganizationDefaults) OrganizationDefaults {
	def.BypassLife, _ = s.duration("bypass_life", def.BypassLife, shortestBypass, longestBypass)
	def.ActivationLife, _ = s.duration("activation_life", def.ActivationLife, shortestActivation, longestActivation)
	return def
}

// organizations reads the rows; c holds duo and helpdesk already.
func (r *reader) organizations(s *section, c *Config) []Organization {
	var out []Organization
	seen := make(map[string]string) // what must be unique, and where it was
	_, _ = s.list("organizations", func(path string, v *value) {
		row := r.open(v, path)
		out = append(out, r.organization(row, c, seen))
	})
	return out
}

func (r *reader) organization(s *section, c *Config, seen map[string]string) Organization {
	defer s.done()
	var o Organization
	var account, host, directory entry
	o.Name = s.organizationName(seen)
	o.AccountID, account = s.objectKey("account_id")
	o.APIHostname, host = s.optionalHostname(c.Duo.Simulator)
	o.DirectoryKey, directory = s.objectKey("directory_key", "duo_admin_api_directory_key")
	o.Universal = r.universal(s.sub("universal"), false, c.Duo.Simulator)
	o.Auth = r.api(s.sub("auth"), c.Duo.Simulator)
	admin := s.sub("admin")
	o.Admin = r.api(admin, c.Duo.Simulator)
	defaults := s.sub("defaults")
	o.Defaults = defaults.organizationDefaults(c.HelpDesk.OrganizationDefaults)
	defaults.done()

	s.unique(seen, "account_id", o.AccountID, account)
	s.unique(seen, "directory_key", o.DirectoryKey, directory)
	switch {
	case s.broken:
	case account.value == nil && !admin.set:
		r.fault(s.line, s.path, "gives no way to the account; write account_id, or admin with the keys of an Admin API application")
	case account.value != nil && admin.set:
		r.fault(account.line, s.at("account_id"), "contradicts admin, which has its own keys; delete one of the two")
	case account.value != nil && !c.Duo.Accounts.Configured():
		r.fault(account.line, s.at("account_id"), "needs duo.accounts, whose keys open child accounts")
	case account.value == nil && host.value != nil:
		r.fault(host.line, s.at(host.key), "goes with account_id; the applications have their own")
	}
	return o
}

func (s *section) organizationName(seen map[string]string) string {
	name, e := s.text("", "name")
	switch {
	case e.value == nil:
		s.missing("name", "give the organisation a name, such as clinic-a")
	case name == "":
	case !organizationName.MatchString(name):
		s.r.fault(e.line, s.at("name"), "%s cannot be a name; write lower-case letters, digits, dots, hyphens, underscores", quote(name))
	case name == DefaultOrganization:
		s.r.fault(e.line, s.at("name"), "is the name of the account under duo; choose another")
	default:
		s.unique(seen, "name", name, e)
	}
	return name
}

// unique faults a value that another row has: two rows for one account, or a
// row copied and not finished.
func (s *section) unique(seen map[string]string, key, text string, e entry) {
	if text == "" {
		return
	}
	if first, twice := seen[key+"="+text]; twice {
		s.r.fault(e.line, s.at(e.key), "is that of %s; each organisation has its own", first)
		return
	}
	seen[key+"="+text] = s.path
}

func printOrganizations(all []Organization) []yaml.MapSlice {
	out := make([]yaml.MapSlice, 0, len(all))
	for _, o := range all {
		m := yaml.MapSlice{{Key: "name", Value: o.Name}}
		m = addText(m, "account_id", o.AccountID)
		m = addText(m, "api_hostname", o.APIHostname)
		m = addText(m, "directory_key", o.DirectoryKey)
		if o.Universal.Configured() {
			m = append(m, o.Universal.redacted()...)
		}
		for _, a := range []namedAPI{{"auth", o.Auth}, {"admin", o.Admin}} {
			m = append(m, a.redacted()...)
		}
		out = append(out, append(m, yaml.MapItem{Key: "defaults", Value: o.Defaults.printed()}))
	}
	return out
}

func (d OrganizationDefaults) printed() yaml.MapSlice {
	return yaml.MapSlice{
		{Key: "bypass_life", Value: duration(d.BypassLife)},
		{Key: "activation_life", Value: duration(d.ActivationLife)},
	}
}

func (h HelpDesk) printed() yaml.MapSlice {
	return append(h.OrganizationDefaults.printed(),
		yaml.MapItem{Key: "bypass_codes", Value: h.BypassCodes},
		yaml.MapItem{Key: "bypass_per_day", Value: h.BypassPerDay},
		yaml.MapItem{Key: "bypass_status_life", Value: duration(h.BypassStatusLife)})
}
