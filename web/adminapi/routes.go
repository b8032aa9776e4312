package adminapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mfaserver/internal/adminops"
)

// openAPIOperation is the one operation of this package's own.
const openAPIOperation = "openapi"

// route is one method of one path.
type route struct {
	method string
	// path is below [Base]; segments in braces are ids.
	path string
	op   adminops.Operation
}

// table lists everything that is served, and nothing else is.
func table() []route {
	get := func(path, name string) route { return row(http.MethodGet, path, name) }
	post := func(path, name string) route { return row(http.MethodPost, path, name) }
	del := func(path, name string) route { return row(http.MethodDelete, path, name) }
	return []route{
		get("/openapi.json", openAPIOperation),

		get("/organizations", "orgs.list"),
		get("/accounts", "accounts.list"),
		post("/accounts", "accounts.create"),
		del("/accounts/{account_id}", "accounts.delete"),

		get("/users", "users.list"),
		post("/users", "users.create"),
		post("/users/enroll", "users.enroll"),
		post("/users/sync", "users.sync"),
		get("/users/report", "users.report"),
		get("/users/{user_id}", "users.get"),
		post("/users/{user_id}", "users.update"),
		del("/users/{user_id}", "users.delete"),
		post("/users/{user_id}/status", "users.status"),
		post("/users/{user_id}/reset", "users.reset"),
		post("/users/{user_id}/verify", "users.verify"),
		get("/users/{user_id}/phones", "users.phones"),
		post("/users/{user_id}/phones", "phones.assign"),
		del("/users/{user_id}/phones/{phone_id}", "phones.unassign"),
		get("/users/{user_id}/bypass-codes", "users.bypass"),
		post("/users/{user_id}/bypass-codes", "bypass.create"),
		get("/users/{user_id}/groups", "users.groups"),
		get("/users/{user_id}/tokens", "users.tokens"),
		get("/users/{user_id}/webauthn-credentials", "users.webauthn"),

		get("/bypass-codes", "bypass.list"),
		get("/bypass-codes/{bypass_code_id}", "bypass.get"),
		del("/bypass-codes/{bypass_code_id}", "bypass.delete"),

		get("/phones", "phones.list"),
		post("/phones", "phones.create"),
		get("/phones/{phone_id}", "phones.get"),
		post("/phones/{phone_id}", "phones.update"),
		del("/phones/{phone_id}", "phones.delete"),
		post("/phones/{phone_id}/activation-url", "phones.activation-url"),
		post("/phones/{phone_id}/sms-activation", "phones.sms-activation"),
		post("/phones/{phone_id}/sms-installation", "phones.sms-installation"),
		post("/phones/{phone_id}/sms-passcodes", "phones.sms-passcodes"),

		get("/settings", "settings.get"),
		post("/settings", "settings.update"),

		get("/groups", "groups.list"),
		get("/groups/{group_id}", "groups.get"),
		get("/groups/{group_id}/users", "groups.users"),
		get("/tokens", "tokens.list"),
		get("/tokens/{token_id}", "tokens.get"),
		get("/integrations", "integrations.list"),
		get("/integrations/{integration_key}", "integrations.get"),
		get("/administrators", "admins.list"),
		get("/administrators/{admin_id}", "admins.get"),
		get("/summary", "info.summary"),
		get("/logs/authentication", "logs.authentication"),
		get("/logs/activity", "logs.activity"),
		get("/logs/telephony", "logs.telephony"),
		get("/logs/administrator", "logs.administrator"),

		post("/call", "admin.call"),
	}
}

func row(method, path, name string) route {
	return route{method: method, path: path, op: adminops.Operation{Name: name}}
}

// errRoutes: routes and operations do not go together.
var errRoutes = errors.New("adminapi: routes and operations disagree")

// join gives each route its operation. A route without operation, an operation
// without route, a change behind GET and an id that the path does not have are
// faults of the program.
func join(routes []route, known []adminops.Operation) ([]route, error) {
	var faults []error
	bad := func(what, name string) { faults = append(faults, fmt.Errorf("%w: %s: %s", errRoutes, name, what)) }
	left := make(map[string]adminops.Operation, len(known))
	for _, op := range known {
		left[op.Name] = op
	}
	for i := range routes {
		r := &routes[i]
		if r.op.Name == openAPIOperation {
			r.op.Summary = "Get this document."
			continue
		}
		op, ok := left[r.op.Name]
		delete(left, r.op.Name)
		switch {
		case !ok:
			bad("no such operation, or more than one route", r.op.Name)
		case op.Changes == (r.method == http.MethodGet):
			bad("changes and "+r.method, r.op.Name)
		case !slices.Equal(op.IDs, r.ids()):
			bad("ids of "+r.path, r.op.Name)
		}
		r.op = op
	}
	for name := range left {
		bad("no route", name)
	}
	return routes, errors.Join(faults...)
}

// ids are the names in braces.
func (r route) ids() []string {
	var names []string
	for segment := range strings.SplitSeq(r.path, "/") {
		if name, ok := idName(segment); ok {
			names = append(names, name)
		}
	}
	return names
}

func idName(segment string) (string, bool) {
	if len(segment) > 2 && segment[0] == '{' && segment[len(segment)-1] == '}' {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

// match compares a path, which has one spelling only, with the route's; fixed
// segments count before ids because they come first in the table.
func (r route) match(path string) (ids map[string]string, ok bool) {
	want, got := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	ids = make(map[string]string)
	for i, segment := range want {
		if name, isID := idName(segment); isID {
			if !plainID(got[i]) {
				return nil, false
			}
			ids[name] = got[i]
			continue
		}
		if segment != got[i] {
			return nil, false
		}
	}
	return ids, true
}

// plainID is the form of Duo's keys: 20 letters and digits.
func plainID(s string) bool {
	if len(s) != 20 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}

// find gives the route of a request; allow lists the methods of the path when
// it is there with others only.
func (a *API) find(method, path string) (found *route, ids map[string]string, allow []string) {
	for i := range a.routes {
		r := &a.routes[i]
		got, ok := r.match(path)
		if !ok {
			continue
		}
		if r.method == method {
			return r, got, nil
		}
		if !slices.Contains(allow, r.method) {
			allow = append(allow, r.method)
		}
	}
	slices.Sort(allow)
	return nil, nil, allow
}

// Route is a route as it is served.
type Route struct {
	Method, Path, Operation string
	Changes                 bool
}

// Routes lists what is served, in the order of the table.
func (a *API) Routes() []Route {
	out := make([]Route, 0, len(a.routes))
	for _, r := range a.routes {
		out = append(out, Route{Method: r.method, Path: r.path, Operation: r.op.Name, Changes: r.op.Changes})
	}
	return out
}
