package main

import (
	"errors"
	"net/http"

	"mfaserver/internal/config"
	"mfaserver/web"
	adminpages "mfaserver/web/console"
	"mfaserver/web/portal"
)

// pageRooms are the pages for people and those for administrators. Each needs
// the other: who is to find no console gets the answer of the portal, and a
// sign-in at the portal may open the console.
func (a *app) pageRooms() (people, administrators web.Room, err error) {
	console, err := a.consoleRoom(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { people.Handler.ServeHTTP(w, r) }))
	if err != nil {
		return web.Room{}, web.Room{}, err
	}
	people, err = a.portalRoom(console)
	return people, web.Room{Path: adminpages.Base, Handler: console}, err
}

// portalRoom is the pages for people.
func (a *app) portalRoom(console portal.Console) (web.Room, error) {
	deps := portal.Deps{
		Login: a.flow, Sessions: a.sessions, Codes: a.codes, Recorder: a.recorder, Rules: a.cfg.RuleSet(), Devices: a.devices, Console: console, Additions: additions{a.reader()},
	}
	if a.behind == nil {
		deps.Authenticator, deps.Directory, deps.Notes, deps.Accounts = a.directory, a.directory, a.directory, a.directory
	} else {
		engine := a.behind.upstream
		deps.Authenticator, deps.Notes, deps.Releaser = engine, engine, engine
	}
	pages, err := portal.New(portal.Config{
		PublicURLs:       a.cfg.PublicURLs,
		Client:           web.Clients(a.cfg.TrustedProxies),
		Administrators:   a.cfg.Administrators,
		AllowEnrolment:   a.allowEnrolment,
		EnrolmentContact: a.cfg.Enrolment.Contact,
		NoSelfService:    a.cfg.Enrolment.NoSelfService,
		Logger:           a.logger,
		Now:              now,
	}, deps)
	if err != nil {
		return web.Room{}, errors.Join(config.ErrInvalid, err)
	}
	return web.Room{Path: web.PortalPath, Handler: pages}, nil
}
