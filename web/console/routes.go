package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mfaserver/web/browser"
)

// section is a part of the console with pages of its own.
type section struct {
	// label is the word for it in the navigation, path the page it leads to,
	// below [Base]. Without a label it is not there.
	label, path, icon string
	routes            []route
	// notices are what a page of the section may say after a change, by key
	// word.
	notices map[string]browser.Notice
}

// table lists all sections in the order of the navigation.
func (c *Console) table() []section {
	return []section{
		c.frameSection(),
		c.overviewSection(),
		c.usersSection(),
		c.sessionsSection(),
		c.pendingSection(),
		c.organizationsSection(),
		c.auditSection(),
		c.tokensSection(),
		c.exemptionsSection(),
		c.healthSection(),
	}
}

// route is one method of one path; nothing else is served.
type route struct {
	// method is GET, which takes HEAD too and changes nothing (threat T046),
	// or POST.
	method string
	// path is below [Base]; segments in braces are values.
	path string
	// sensitive routes need a fresh approval of Duo's. A POST with one shares
	// its path with the GET that shows its form.
	sensitive bool
	// once: the GET does something all the same, as Duo's redirect does. There
	// is no HEAD of it.
	once bool
	// fields are those of the form of a POST: one value each. Those in many may
	// come more than once.
	fields, many []string
	serve        func(v *visit)
	// section is filled in from the table.
	section int
}

func get(path string, serve func(v *visit)) route {
	return route{method: http.MethodGet, path: path, serve: serve}
}

func post(path string, serve func(v *visit), fields ...string) route {
	return route{method: http.MethodPost, path: path, serve: serve, fields: fields}
}

// once marks a GET that does something.
func once(r route) route {
	r.once = true
	return r
}

// confirmed marks routes as sensitive.
func confirmed(routes ...route) []route {
	for i := range routes {
		routes[i].sensitive = true
	}
	return routes
}

// Route is a route as it is served.
type Route struct {
	Method, Path string
	// Sensitive: a fresh approval of Duo's is needed.
	Sensitive bool
	Fields    []string
}

// Routes lists what is served, in the order of the table.
func (c *Console) Routes() []Route {
	out := make([]Route, 0, len(c.routes))
	for _, r := range c.routes {
		out = append(out, Route{Method: r.method, Path: r.path, Sensitive: r.sensitive, Fields: slices.Concat(r.fields, r.many)})
	}
	return out
}

// errRoutes: the table contradicts itself.
var errRoutes = errors.New("console: routes refused")

// checkRoutes refuses a table that serves one thing twice, or asks for an
// approval with no page to come back to.
func checkRoutes(routes []route) error {
	var faults []error
	seen := map[string]route{}
	for _, r := range routes {
		key := r.method + " " + r.path
		_, twice := seen[key]
		switch {
		case twice:
			faults = append(faults, fmt.Errorf("%w: %s comes twice", errRoutes, key))
		case r.method != http.MethodGet && r.method != http.MethodPost, r.serve == nil, !strings.HasPrefix(r.path, "/"):
			faults = append(faults, fmt.Errorf("%w: %s is incomplete", errRoutes, key))
		}
		seen[key] = r
	}
	for _, r := range routes {
		if form, ok := seen[http.MethodGet+" "+r.path]; r.method == http.MethodPost && r.sensitive && (!ok || !form.sensitive) {
			faults = append(faults, fmt.Errorf("%w: the form of POST %s is not sensitive", errRoutes, r.path))
		}
	}
	return errors.Join(faults...)
}

// match compares a path below [Base], which has one spelling only, with the
// route's.
func (r *route) match(path string) (values map[string]string, ok bool) {
	want, got := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	values = map[string]string{}
	for i, segment := range want {
		if name, found := strings.CutPrefix(segment, "{"); found {
			if got[i] == "" {
				return nil, false
			}
			values[strings.TrimSuffix(name, "}")] = got[i]
			continue
		}
		if segment != got[i] {
			return nil, false
		}
	}
	return values, true
}

// methods are those that the route takes.
func (r *route) methods() []string {
	if r.method == http.MethodGet && !r.once {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.method}
}

// find gives the route of a request. Fixed segments count before values:
// among those that match, the route with the fewest values. allow lists the
// methods of the path when there is none.
func (c *Console) find(method, path string) (found *route, values map[string]string, allow []string) {
	for i := range c.routes {
		r := &c.routes[i]
		got, ok := r.match(path)
		if !ok {
			continue
		}
		allow = append(allow, r.methods()...)
		if slices.Contains(r.methods(), method) && (found == nil || len(got) < len(values)) {
			found, values = r, got
		}
	}
	if found != nil {
		return found, values, nil
	}
	slices.Sort(allow)
	return nil, nil, slices.Compact(allow)
}
