package checkup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// copyKey is the advice about a directory key.
const copyKey = "Copy the key again from the directory's page in Duo's panel (Users, Directory Sync); Duo has no call that lists directories."

// judgeDirectory reads the answer to the synchronisation of nobody.
func (r *run) judgeDirectory(ctx context.Context, d directory, err error) Finding {
	refusal := refused(err)
	unknown := errors.Is(err, duoclient.ErrNotFound) || refusal != nil && strings.Contains(strings.ToLower(refusal.Detail), "directory_key")
	switch {
	case unknown:
		return failure(d.subject, fmt.Sprintf("Duo does not know the directory %s in this account", d.key), copyKey)
	case err == nil, errors.Is(err, duoclient.ErrBadParameter):
		return Finding{
			Subject: d.subject, Level: OK,
			Text: "Duo knows the directory: asked for a user whom nobody has, it misses the user, not the directory (Duo cannot list directories)",
		}
	case forbidden(err):
		return Finding{
			Subject: d.subject, Level: Warn, Text: "not checked: the Admin API application may not synchronise users",
			Advice: "Tick Grant write resource on the application's page in Duo's panel.",
		}
	}
	if f, known := r.common(ctx, d.subject, d.app.host, err); known {
		return f
	}
	return failure(d.subject, fmt.Sprintf("not checked: %v", err), advice(err))
}

// directory is a configured directory key and the client to try it with.
type directory struct {
	subject, key string
	app          *application
}

// directories tries every directory key. Duo has no call that lists
// directories.
func (r *run) directories(ctx context.Context) {
	var all []directory
	if key := r.settings.Duo.DirectoryKey; key != "" {
		all = append(all, directory{"duo.directory_key", key, r.working("duo.admin")})
	}
	for _, o := range r.settings.Organizations {
		if o.DirectoryKey == "" {
			continue
		}
		d := directory{orgSection(o) + ".directory_key", o.DirectoryKey, r.working(orgSection(o) + ".admin")}
		if o.AccountID != "" && r.works[orgSection(o)+".admin"] {
			app := r.childApplication(o, r.accounts.byID[o.AccountID].APIHost)
			d.app = &app
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		r.note(Finding{
			Subject: "directory keys", Level: OK,
			Text: "none configured; Duo cannot list directories, so copy the key from a directory's page in Duo's panel if you want `duo users sync`",
		})
		return
	}
	r.each(ctx, len(all), func(ctx context.Context, i int) []Finding { return []Finding{r.directory(ctx, all[i])} })
}

// working is the application that stands there, when Duo takes it.
func (r *run) working(subject string) *application {
	if !r.works[subject] {
		return nil
	}
	return r.find(subject)
}

// directory asks for the synchronisation of a user whom no directory has: the
// refusal tells whether Duo knows the directory.
func (r *run) directory(ctx context.Context, d directory) Finding {
	if d.app == nil {
		return failure(d.subject, "not checked: there is no Admin API application that works to try it with", "See to the Admin API first.")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	client, err := duoclient.NewAdmin(r.apiConfig(*d.app), r.clientOptions()...)
	if err != nil {
		return failure(d.subject, fmt.Sprintf("not checked: %v", err), "See to the Admin API first.")
	}
	defer client.Close()
	nobody := fmt.Sprintf("mfaserver-check-%d", r.now().UnixNano()/int64(time.Millisecond))
	_, err = client.Users.SyncOne(ctx, d.key, nobody)
	return r.judgeDirectory(ctx, d, err)
}
