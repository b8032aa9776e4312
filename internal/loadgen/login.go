package loadgen

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"mfaserver/internal/apiclient"
)

// leg is a part of a login.
type leg int

const (
	firstCall leg = iota
	prompt
	callback
	secondCall
	logout
	whole
	legCount
)

// String is the leg as reports call it.
func (l leg) String() string {
	return [...]string{"first call", "prompt", "callback page", "second call", "logout", "whole login"}[l]
}

// endWithin bounds the second call and the logout, which go on when the run was
// interrupted: no session is left behind.
const endWithin = 10 * time.Second

// player is one client. It is not safe for concurrent use.
type player struct {
	c         *Config
	transport http.RoundTripper
	browser   *browser
	tally
}

// play logs one user in and out, and counts what came of it. due is when the
// login was to begin.
func (p *player) play(ctx context.Context, u User, due time.Time) error {
	client, err := apiclient.New(apiclient.Config{Server: p.c.Server, Transport: p.transport, UserAgent: p.c.UserAgent})
	if err != nil {
		return err
	}
	session, err := p.login(ctx, client, u)
	if err == nil {
		p.legs[whole].Add(p.c.Now().Sub(due))
		err = p.logout(ctx, client, session)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // cut off, which says nothing about the server
	}
	p.count(err)
	return err
}

// timed runs one leg.
func (p *player) timed(l leg, run func() error) error {
	began := p.c.Now()
	err := run()
	if err == nil {
		p.legs[l].Add(p.c.Now().Sub(began))
	}
	return err
}

// login is everything up to the session.
func (p *player) login(ctx context.Context, client *apiclient.Client, u User) (*apiclient.Session, error) {
	var started apiclient.Started
	err := p.timed(firstCall, func() (err error) {
		started, err = client.Start(ctx, u.Name, u.Password, p.c.Server)
		return err
	})
	if err != nil || started.Session != nil {
		return started.Session, err
	}
	ch := started.Challenge
	var back *url.URL
	err = p.timed(prompt, func() (err error) {
		back, err = p.browser.confirm(ctx, ch)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := p.timed(callback, func() error { return p.browser.arrive(ctx, back) }); err != nil {
		return nil, err
	}
	var session *apiclient.Session
	err = p.timed(secondCall, func() (err error) {
		// Whoever cuts this call off never learns of the session that it opened.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
		defer cancel()
		session, err = client.Finish(ctx, ch, ch.LoginData(back.Query().Get("duo_code")))
		return err
	})
	return session, err
}

// logout ends the session even when the run is over: none is left behind.
func (p *player) logout(ctx context.Context, client *apiclient.Client, s *apiclient.Session) error {
	if p.c.KeepSessions {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	return p.timed(logout, func() error {
		err := client.Logout(ctx, s.Cookie.Value)
		if errors.Is(err, apiclient.ErrNoSession) {
			return errSessionGone
		}
		return err
	})
}
