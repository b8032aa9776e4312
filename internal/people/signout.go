package people

import (
	"context"
	"errors"
	"strings"

	"mfaserver/session"
)

// sessionPage is how many sessions are held at a time to learn whose they are.
const sessionPage = 500

// signedIn are the names of those who have a session: names are kept, sessions
// come and go page by page.
func (p *People) signedIn(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	var after session.Key
	for {
		page, err := p.cfg.Sessions.Page(ctx, after, sessionPage)
		if err != nil {
			return nil, err
		}
		for i := range page {
			names[page[i].Username] = true
		}
		if len(page) < sessionPage {
			return names, nil
		}
		after = page[len(page)-1].Key
	}
}

// SignOut ends the sessions of whoever has that name at Duo, and says how many:
// a user may have come in by several spellings of his name. With an error, what
// ended has ended, and asking again continues.
func (p *People) SignOut(ctx context.Context, duoUsername, reason string) (int, error) {
	names, err := p.signedIn(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	var failures []error
	for name := range names {
		if duo, err := p.cfg.DuoUsername(name); err != nil || !strings.EqualFold(duo, duoUsername) {
			continue
		}
		ended, err := p.cfg.Sessions.EndUser(ctx, name, reason)
		total += len(ended)
		failures = append(failures, err)
	}
	return total, errors.Join(failures...)
}
