package main

import (
	"errors"
	"net/http"

	"mfaserver/internal/config"
	"mfaserver/web"
	adminpages "mfaserver/web/console"
)

// consoleRoom is the pages for administrators. hidden answers for who is to
// find nothing there.
func (a *app) consoleRoom(hidden http.Handler) (*adminpages.Console, error) {
	pages, err := adminpages.New(adminpages.Config{
		PublicURLs: a.cfg.PublicURLs,
		Networks:   a.cfg.Admin.Networks,
		Client:     web.Clients(a.cfg.TrustedProxies),
		Hidden:     hidden,
		Logger:     a.logger,
		Now:        now,
	}, adminpages.Deps{
		Sessions: a.sessions,
		Roles:    roles{directory: a.directory, configured: a.cfg.Administrators},
		Login:    a.flow,
		Recorder: a.recorder,

		People:      a.people,
		Devices:     a.devices,
		SessionList: a.sessions,
		Records:     lastRecords{a.reader()},
		Reports:     a.reports.rooms(a),
	})
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	return pages, nil
}
