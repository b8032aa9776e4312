package adminapi_test

import (
	"errors"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/adminops"
	"mfaserver/internal/secret/secrettest"
	"mfaserver/session"
	"mfaserver/web/adminapi"
)

// Threats T158, T168: neither the API, its configuration nor its log shows the
// cookie of a session or a code that somebody sends, whatever goes wrong.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	const canary = "48291375-canary"
	body := `{"reason":"phone lost","codes":["` + canary + `"]}`
	for name, bend := range map[string]func(*world){
		"well":          func(*world) {},
		"no session":    func(w *world) { w.loadErr = session.ErrUnavailable },
		"no role":       func(w *world) { w.roleErr = errors.New("database is locked") },
		"Duo is down":   gives(adminops.Result{}, duoclient.ErrOutage),
		"broken inside": gives(adminops.Result{}, errors.New("open file: no space")),
		"no JSON":       gives(adminops.Result{Value: func() {}}, nil),
		"no trail":      func(w *world) { w.trail.Fail(-1) },
	} {
		s := newSite(t, bend)
		path := "/users/" + alice + "/bypass-codes"
		s.send(t, "POST", path, body)
		s.send(t, "POST", path, body[:len(body)-1])
		s.send(t, "PUT", path, body)
		s.send(t, "POST", path, body, "Authorization", "Bearer "+canary)
		s.as(t, canary, "POST", path, body)
		s.as(t, userID, "POST", path, body)
		secrettest.Hides(t, s.trail.Events(), canary)
		secrettest.Hides(t, s.calls, canary)
		s.send(t, "POST", path+"?"+canary+"="+canary, body) // which no operation takes
		if secrettest.Shows(s.logged(), canary) {
			t.Errorf("%s: the log shows a secret: %s", name, s.logged())
		}
	}
	w := &world{}
	api, err := adminapi.New(w.config())
	must(t, err)
	secrettest.Table{
		Secrets: []string{canary}, Values: []any{api, w.config()},
		Exempt: map[string]string{"Route": "is in the documentation"},
	}.Check(t)
}
