package people

import (
	"context"
	"errors"
	"strings"
)

// SignOut ends the sessions of whoever has that name at Duo, and says how many:
// a user may have come in by several spellings of his name. With an error, what
// ended has ended, and asking again continues.
func (p *People) SignOut(ctx context.Context, duoUsername, reason string) (int, error) {
	live, err := p.cfg.Sessions.List(ctx, "")
	if err != nil {
		return 0, err
	}
	total := 0
	var failures []error
	asked := map[string]bool{}
	for i := range live {
		name := live[i].Username
		if asked[name] {
			continue
		}
		asked[name] = true
		if duo, err := p.cfg.DuoUsername(name); err != nil || !strings.EqualFold(duo, duoUsername) {
			continue
		}
		ended, err := p.cfg.Sessions.EndUser(ctx, name, reason)
		total += len(ended)
		failures = append(failures, err)
	}
	return total, errors.Join(failures...)
}
