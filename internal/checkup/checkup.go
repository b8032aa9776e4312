// Package checkup tells whether a configuration works against Duo: whether
// Duo is reached and trusted, whether the clocks agree, whether every
// application's credentials are taken and stand in the right place, whether
// certificates last. Each finding that is not good says what to do next, and
// none shows a secret. It changes nothing; see [Run] for the one call that
// asks Duo to do something. [Gateway] looks at an engine behind the server in
// the same way.
package checkup

import (
	"context"
	"slices"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/config"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warning"
	Fail Level = "failure"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Subject is where it stands in the configuration, such as duo.auth, or
	// what it is about: clock, host NAME.
	Subject string `json:"subject"`
	Level   Level  `json:"level"`
	// Text says how it is; Advice what to do about it, empty when all is well.
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"`
}

// Report is everything that was looked at, in the order of the configuration.
type Report struct {
	Findings []Finding `json:"findings"`
}

// OK reports whether nothing failed. Warnings are well.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Fail })
}

// Count gives the number of findings of a level.
func (r Report) Count(l Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == l {
			n++
		}
	}
	return n
}

// Config says what is looked at and how.
type Config struct {
	// Settings is the configuration to check. Required.
	Settings *config.Config
	// Timeout bounds everything; 0: a minute, and a second for every
	// organisation. What is not done by then is a failure.
	Timeout time.Duration
	// Concurrency is how many things are looked at at once; 0: 6.
	Concurrency int
	// Progress, when not nil, is told of every finding as it is made, in no
	// particular order, one at a time.
	Progress func(Finding)
	// Quiet leaves out what asks Duo to do something, so that it can be run
	// every few minutes: directory keys are not tried.
	Quiet bool
	// Options go to every client.
	Options []duoclient.Option
	// Now defaults to the real clock.
	Now func() time.Time
}

const (
	defaultTimeout     = time.Minute
	defaultConcurrency = 6
	// probeTime bounds one question to Duo, retries included.
	probeTime = 10 * time.Second
)

// Run looks at everything. It asks Duo questions that change nothing, but for
// one: where a directory key is configured, Duo is asked to synchronise a user
// whose name no directory has, for no other call tells whether it knows the
// directory.
//
// When the clocks differ, that is a failure, and the credentials are then
// checked by Duo's clock, so that one fault does not hide others.
func Run(ctx context.Context, c Config) Report {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout + time.Duration(len(c.Settings.Organizations))*time.Second
	}
	if c.Concurrency <= 0 {
		c.Concurrency = defaultConcurrency
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r := &run{
		settings: c.Settings, now: c.Now, options: c.Options, progress: c.Progress,
		places: make(chan struct{}, c.Concurrency), down: make(map[string]string),
	}
	r.apps = applications(c.Settings)
	r.note(r.certificate())
	r.note(r.simulator()...)
	if !r.authorities() {
		return Report{Findings: r.findings}
	}
	r.hosts(ctx)
	r.each(ctx, len(r.apps), func(ctx context.Context, i int) []Finding { return r.application(ctx, r.apps[i]) })
	r.note(r.absent()...)
	r.children(ctx)
	if !c.Quiet {
		r.directories(ctx)
	}
	return Report{Findings: r.findings}
}

// run is one checkup.
type run struct {
	settings *config.Config
	now      func() time.Time
	options  []duoclient.Option
	progress func(Finding)
	places   chan struct{}
	ca       duoclient.CA
	apps     []application

	mu       sync.Mutex
	findings []Finding         // guarded by mu while each runs
	down     map[string]string // host to why it was not reached; not changed after hosts
	skew     time.Duration     // our clock minus Duo's; not changed after hosts
	accounts accountList       // guarded by mu
	works    map[string]bool   // guarded by mu: subjects of Admin API clients that Duo takes
}

// note adds findings.
func (r *run) note(all ...Finding) {
	r.findings = append(r.findings, all...)
	r.tell(all)
}

func (r *run) tell(all []Finding) {
	if r.progress == nil {
		return
	}
	for _, f := range all {
		r.progress(f)
	}
}

// each does n things, some at once, and adds their findings in order.
func (r *run) each(ctx context.Context, n int, look func(ctx context.Context, i int) []Finding) {
	out := make([][]Finding, n)
	var wg sync.WaitGroup
	for i := range n {
		r.places <- struct{}{}
		wg.Go(func() {
			defer func() { <-r.places }()
			found := look(ctx, i)
			r.mu.Lock()
			defer r.mu.Unlock()
			out[i] = found
			r.tell(found)
		})
	}
	wg.Wait()
	for _, found := range out {
		r.findings = append(r.findings, found...)
	}
}
