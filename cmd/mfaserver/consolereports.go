package main

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/checkup"
	"mfaserver/internal/duty"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/token"
	adminpages "mfaserver/web/console"
)

// How often pages of the console get new figures, and how long after the start
// for the first time: whoever opens such a page earlier asks for them.
const (
	healthEvery        = 5 * time.Minute
	organizationsEvery = 15 * time.Minute
	verifyEvery        = 12 * time.Hour
	peopleEvery        = time.Minute
	firstLook          = time.Minute
	firstVerify        = 10 * time.Minute
	// orgTime bounds the questions to one Duo account, and orgsAtOnce is how
	// many are asked at the same time.
	orgTime    = 15 * time.Second
	orgsAtOnce = 4
)

// reports are what the console shows of the whole server.
type reports struct {
	app    func() *app // the one in force
	health *round[[]adminpages.Finding]
	duo    *round[duoAccounts]
	trail  *round[verification]
}

type duoAccounts struct {
	all       []adminpages.Organization
	unclaimed []adminpages.Unclaimed
}

type verification struct {
	report audit.Report
	err    error
}

func (a *app) newReports() *reports {
	r := &reports{app: a.latest}
	r.health = newRound("looking at the health", healthEvery, a, r.look)
	r.duo = newRound("counting duo accounts", organizationsEvery, a, r.askAccounts)
	r.trail = newRound("verifying the audit trail", verifyEvery, a, r.verify)
	return r
}

// attend keeps the figures fresh until ctx ends.
func (r *reports) attend(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { r.health.attend(ctx, firstLook) })
	all.Go(func() { r.duo.attend(ctx, firstLook) })
	all.Go(func() { r.trail.attend(ctx, firstVerify) })
	all.Go(func() {
		r.app().roll.Attend(ctx, duty.Duty{Name: "counting users who are not enrolled", Every: peopleEvery, Do: r.countPeople})
	})
	all.Wait()
}

// rooms are what the pages of the console ask.
func (r *reports) rooms(a *app) adminpages.Reports {
	return adminpages.Reports{
		Figures: a.stats, Trail: a.reader(), Verification: r, Tokens: consoleTokens{a}, Exemptions: a.cfg.RuleSet(),
		Waiting: a.flow, Organizations: r, Health: r,
	}
}

// Findings implements [adminpages.Health]. Who asks before the first look has
// it begun.
func (r *reports) Findings() ([]adminpages.Finding, adminpages.Round) {
	return stateOf(r.health)
}

// Check implements [adminpages.Health].
func (r *reports) Check() { r.health.ask() }

// Organizations implements [adminpages.Organizations].
func (r *reports) Organizations() ([]adminpages.Organization, []adminpages.Unclaimed, adminpages.Round) {
	last, at := stateOf(r.duo)
	if last.all == nil {
		for _, o := range r.app().desk.Orgs() {
			last.all = append(last.all, organization(o))
		}
	}
	return last.all, last.unclaimed, at
}

// Refresh implements [adminpages.Organizations].
func (r *reports) Refresh() { r.duo.ask() }

// Verified implements [adminpages.Verification].
func (r *reports) Verified() adminpages.Verified {
	last, at := r.trail.state()
	return adminpages.Verified{Round: at, Report: last.report, Err: last.err}
}

// Verify implements [adminpages.Verification].
func (r *reports) Verify() { r.trail.ask() }

// stateOf is the state of a round, which is begun when there is none yet.
func stateOf[T any](r *round[T]) (T, adminpages.Round) {
	last, at := r.state()
	if at.Ended.IsZero() && !at.Running {
		r.ask()
		last, at = r.state()
	}
	return last, at
}

// look looks at everything that a sign-in needs, as the command check does, but
// for what leaves traces elsewhere.
func (r *reports) look(ctx context.Context) []adminpages.Finding {
	a := r.app()
	found := checkup.Run(ctx, checkup.Config{
		Settings: a.cfg, Now: now, Quiet: true,
		Options: []duoclient.Option{duoclient.WithClock(now), a.observeDuo()},
	}).Findings
	if a.behind != nil {
		found = append(found, checkup.Gateway(ctx, checkup.GatewayConfig{
			Engine: a.behind.client, AllowOutdated: a.cfg.Primary.Upstream.AllowOutdated, PublicURLs: a.cfg.PublicURLs,
			Certificate: checkup.OwnCertificate(a.cfg), Now: now, Quiet: true,
		}).Findings...)
	}
	all := make([]adminpages.Finding, 0, len(found)+2)
	for _, f := range found {
		all = append(all, adminpages.Finding{
			Area: areaOf(f.Subject), Subject: f.Subject, Level: adminpages.Level(f.Level), Text: f.Text, Advice: f.Advice,
		})
	}
	return append(all, a.lookAtStore(ctx), a.lookAtTrail(ctx))
}

// areaOf is the part of the installation that a subject of the checkup belongs
// to.
func areaOf(subject string) string {
	switch {
	case subject == "clock":
		return adminpages.AreaClock
	case subject == "tls", subject == "duo.ca":
		return adminpages.AreaCertificate
	case strings.HasPrefix(subject, "engine"), strings.HasPrefix(subject, "primary."):
		return adminpages.AreaUpstream
	case strings.HasPrefix(subject, "exemptions."):
		return adminpages.AreaOther
	default:
		return adminpages.AreaDuo
	}
}

// lookAtStore asks the store whether it answers.
func (a *app) lookAtStore(ctx context.Context) adminpages.Finding {
	f := adminpages.Finding{Area: adminpages.AreaStore, Subject: "store", Level: adminpages.LevelOK, Text: "it answers: " + storePath(a.cfg)}
	if a.cfg.Store.Redis != nil {
		f.Text = "it answers: Redis at " + strings.Join(a.cfg.Store.Redis.Addresses, ", ")
	}
	began := now()
	if err := a.db.Check(ctx); err != nil {
		f.Level, f.Text = adminpages.LevelFail, sentence(err)
		f.Advice = "Nobody can sign in without it. Look at the disk and the log; run mfaserver check on the server."
		return f
	}
	f.Text += " (" + now().Sub(began).Round(time.Microsecond).String() + ")"
	return f
}

// indexLag is how many records the index may be behind the trail without a
// word.
const indexLag = 10_000

// lookAtTrail says how far the trail and its index are.
func (a *app) lookAtTrail(ctx context.Context) adminpages.Finding {
	f := adminpages.Finding{Area: adminpages.AreaTrail, Subject: "audit", Level: adminpages.LevelOK}
	var last uint64
	for e, err := range a.reader().Search(ctx, audit.Filter{Newest: true, Limit: 1}) {
		if err != nil {
			f.Level, f.Text, f.Advice = adminpages.LevelFail, sentence(err), "Look at the disk: what cannot be recorded is not done."
			return f
		}
		last = e.Sequence
		f.Text = "written up to record " + strconv.FormatUint(last, 10) + ", " + e.Time.UTC().Format(time.RFC3339)
	}
	indexed, err := a.trail.Indexed()
	switch {
	case err != nil:
		f.Level, f.Advice = adminpages.LevelWarn, "Searching is slow until the index works again; nothing is lost. Look at the log."
		f.Text += "; its index fails: " + sentence(err)
	case a.file != nil && last > indexed+indexLag:
		f.Level, f.Advice = adminpages.LevelWarn, "Searching is slow until the index has caught up; nothing is lost."
		f.Text += "; its index is at record " + strconv.FormatUint(indexed, 10)
	}
	return f
}

// verify reads the whole audit trail.
func (r *reports) verify(ctx context.Context) verification {
	keys, err := verificationOf(r.app().cfg)
	if err != nil {
		return verification{err: err}
	}
	report, err := audit.Verify(ctx, keys)
	if err == nil && report.Err() != nil {
		r.app().logger.ErrorContext(ctx, "the audit trail is not as it was written", slog.Any("err", report.Err()))
	}
	return verification{report: report, err: err}
}

// countPeople notes how many are not enrolled, as Duo was seen last; the view
// of the users asks it again in its own time.
func (r *reports) countPeople(context.Context) error {
	seen := r.app().people.Snapshot() //nolint:contextcheck // it asks in its own time
	if seen.Offered && !seen.At.IsZero() {
		r.app().stats.NotePeople(seen.Users, seen.Unenrolled)
	}
	return nil
}

func organization(o *helpdesk.Org) adminpages.Organization {
	return adminpages.Organization{
		Name: o.Name(), AccountID: o.AccountID(), Administered: o.Administered(), Authenticates: o.Authenticates(),
		Synchronised: o.DirectoryKey() != "",
	}
}

// askAccounts asks every Duo account for its counts.
func (r *reports) askAccounts(ctx context.Context) duoAccounts {
	orgs := r.app().desk.Orgs()
	found := duoAccounts{all: make([]adminpages.Organization, len(orgs))}
	places := make(chan struct{}, orgsAtOnce)
	var all sync.WaitGroup
	for i, o := range orgs {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			found.all[i] = askAccount(ctx, o)
		})
	}
	all.Wait()
	proposals, err := r.app().desk.Discover(ctx)
	if err != nil && !errors.Is(err, helpdesk.ErrNoCredentials) && ctx.Err() == nil {
		r.app().logger.WarnContext(ctx, "duo's child accounts cannot be listed", slog.Any("err", err))
	}
	for _, p := range proposals {
		if !p.Configured {
			found.unclaimed = append(found.unclaimed, adminpages.Unclaimed{Name: audit.Printable(p.Title), AccountID: p.AccountID})
		}
	}
	return found
}

// askAccount asks one: the Admin API for the counts, or the Auth API whether it
// is there.
func askAccount(ctx context.Context, o *helpdesk.Org) adminpages.Organization {
	seen := organization(o)
	ctx, cancel := context.WithTimeout(ctx, orgTime)
	defer cancel()
	began := now()
	err := func() error {
		if !seen.Administered {
			if !seen.Authenticates {
				return nil
			}
			auth, err := o.Auth()
			if err != nil {
				return err
			}
			_, err = auth.Check(ctx)
			return err
		}
		admin, err := o.Admin(ctx)
		if err != nil {
			return err
		}
		counts, err := admin.Info.Summary(ctx)
		if err != nil {
			return err
		}
		seen.Users, seen.Administrators = counts.UserCount, counts.AdminCount
		seen.Applications, seen.Credits = counts.IntegrationCount, counts.TelephonyCreditsRemaining
		return nil
	}()
	if err != nil {
		seen.Problem = sentence(err)
		return seen
	}
	seen.Took = now().Sub(began)
	return seen
}

// consoleTokens ends, with a token, what it has open at the engine.
type consoleTokens struct{ app *app }

// List implements [adminpages.Tokens].
func (t consoleTokens) List(ctx context.Context) ([]token.Token, error) {
	return t.app.tokens.List(ctx)
}

// Get implements [adminpages.Tokens].
func (t consoleTokens) Get(ctx context.Context, id string) (token.Token, error) {
	return t.app.tokens.Get(ctx, id)
}

// Revoke implements [adminpages.Tokens].
func (t consoleTokens) Revoke(ctx context.Context, id, by, reason string) (token.Token, error) {
	ended, err := t.app.tokens.Revoke(ctx, id, by, reason)
	if err == nil && t.app.behind != nil {
		t.app.behind.standing.End(ctx, ended.ID)
	}
	return ended, err
}
