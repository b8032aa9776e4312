package helpdesk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"mfaserver/internal/config"
)

// Proposal is a child account of the Accounts API.
type Proposal struct {
	// Name is the organisation that has it already, or a name proposed for it.
	Name string
	// Configured: there is an organisation with this account ID.
	Configured bool
	// Moved: the organisation is configured with another API host than Duo
	// now names.
	Moved bool
	// Title is Duo's name of the account; it is Duo's text, as somebody typed
	// it.
	Title, AccountID, APIHost string
}

// Discover asks the Accounts API for the child accounts and proposes a row for
// each that no organisation has, in the order of their names.
func (d *Desk) Discover(ctx context.Context) ([]Proposal, error) {
	accounts, err := d.accounts.client()
	if err != nil {
		return nil, err
	}
	children, err := accounts.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("helpdesk: discovering accounts: %w", err)
	}
	taken := map[string]bool{config.DefaultOrganization: true}
	for _, name := range d.Names() {
		taken[name] = true
	}
	out := make([]Proposal, 0, len(children))
	for _, child := range children {
		p := Proposal{Title: child.Name, AccountID: child.AccountID, APIHost: child.APIHost}
		i := slices.IndexFunc(d.orgs, func(o *Org) bool { return o.config.AccountID == child.AccountID })
		if i >= 0 {
			p.Configured, p.Name = true, d.orgs[i].config.Name
			host := d.orgs[i].config.APIHost
			p.Moved = host != "" && host != child.APIHost
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Proposal) int {
		return strings.Compare(a.Title+"\x00"+a.AccountID, b.Title+"\x00"+b.AccountID)
	})
	for i := range out {
		if !out[i].Configured {
			out[i].Name = freeName(out[i], taken)
		}
	}
	return out, nil
}

// freeName makes a name of the account's: ASCII letters and digits, the rest
// hyphens.
func freeName(p Proposal, taken map[string]bool) string {
	const longest = 48
	var b strings.Builder
	for _, c := range strings.ToLower(p.Title) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == longest {
			break
		}
	}
	base := strings.Trim(b.String(), "-")
	if base == "" {
		base = strings.ToLower(p.AccountID)
	}
	name := base
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	taken[name] = true
	return name
}

// ProposalYAML writes the proposals that are not configured as rows for the
// configuration file, below organizations; empty when there are none.
func ProposalYAML(all []Proposal) string {
	var rows []yaml.MapSlice
	for _, p := range all {
		if p.Configured {
			continue
		}
		rows = append(rows, yaml.MapSlice{
			{Key: "name", Value: p.Name}, {Key: "account_id", Value: p.AccountID}, {Key: "api_hostname", Value: p.APIHost},
		})
	}
	if rows == nil {
		return ""
	}
	out, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: "organizations", Value: rows}}, yaml.IndentSequence(true))
	if err != nil {
		return ""
	}
	return string(out)
}
