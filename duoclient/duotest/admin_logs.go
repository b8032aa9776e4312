package duotest

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxLogPage is the longest page of a log of version 2.
const maxLogPage = 1000

func (s *Server) logRoutes() []apiRoute {
	route := func(pattern string, serve func(*apiCall) (any, error)) apiRoute {
		return apiRoute{method: http.MethodGet, pattern: pattern, permission: GrantReadLog, serve: serve}
	}
	return []apiRoute{
		route("/admin/v2/logs/authentication", s.authenticationLog),
		route("/admin/v2/logs/telephony", s.telephonyLog),
		route("/admin/v2/logs/activity", s.activityLog),
		route("/admin/v1/logs/authentication", s.oldAuthenticationLog),
		route("/admin/v1/logs/administrator", s.administratorLog),
		route("/admin/v1/logs/telephony", s.oldTelephonyLog),
	}
}

// cursor is where a log of version 2 goes on: after the entry of this time and
// ID.
type cursor struct {
	ms int64
	id string
}

func (c cursor) compare(other cursor) int {
	if c.ms != other.ms {
		return int(min(max(c.ms-other.ms, -1), 1))
	}
	return strings.Compare(c.id, other.id)
}

// logPage cuts a page out of a log; at gives an entry's place. next is nil when
// there is no more.
func logPage[T any](c *apiCall, entries []T, at func(T) cursor) (page []T, next *cursor, total int, err error) {
	bounds, err := c.logSpan()
	if err != nil {
		return nil, nil, 0, err
	}
	limit, err := c.number("limit", defaultLimit, 1, math.MaxInt)
	if err != nil {
		return nil, nil, 0, err
	}
	order, err := c.oneOf("sort", "ts:desc", "ts:asc", "ts:desc")
	if err != nil {
		return nil, nil, 0, err
	}
	start, err := c.cursor()
	if err != nil {
		return nil, nil, 0, err
	}
	found := slices.DeleteFunc(slices.Clone(entries), func(e T) bool { return at(e).ms < bounds[0] || at(e).ms > bounds[1] })
	sign := 1
	if order == "ts:desc" {
		sign = -1
	}
	slices.SortStableFunc(found, func(a, b T) int { return sign * at(a).compare(at(b)) })
	total = len(found)
	if start != nil {
		found = slices.DeleteFunc(found, func(e T) bool { return sign*at(e).compare(*start) <= 0 })
	}
	if limit = min(limit, maxLogPage); len(found) > limit {
		found = found[:limit]
		last := at(found[limit-1])
		next = &last
	}
	return found, next, total, nil
}

// logSpan is mintime and maxtime in milliseconds; both must be there.
func (c *apiCall) logSpan() ([2]int64, error) {
	var out [2]int64
	for i, name := range []string{"mintime", "maxtime"} {
		text, err := c.required(name)
		if err != nil {
			return out, err
		}
		if out[i], err = strconv.ParseInt(text, 10, 64); err != nil || out[i] < 0 {
			return out, errInvalid(name)
		}
	}
	if out[1] <= out[0] {
		return out, errInvalid("maxtime")
	}
	return out, nil
}

// cursor reads next_offset: two values, or one with a comma.
func (c *apiCall) cursor() (*cursor, error) {
	values := slices.DeleteFunc(slices.Clone(c.params["next_offset"]), func(v string) bool { return v == "" })
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // from the beginning
	}
	parts := strings.Split(strings.Join(values, ","), ",")
	ms, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || len(parts) != 2 {
		return nil, errInvalid("next_offset")
	}
	return &cursor{ms, parts[1]}, nil
}

func (e *login) cursor() cursor { return cursor{e.at.UnixMilli(), e.txid} }

// authenticationLog is GET /admin/v2/logs/authentication: here the metadata is
// inside the response, and next_offset is an array.
func (s *Server) authenticationLog(c *apiCall) (any, error) {
	page, next, total, err := logPage(c, slices.DeleteFunc(slices.Clone(c.account.logins.entries), c.filteredOut), (*login).cursor)
	if err != nil {
		return nil, err
	}
	metadata := fields{"total_objects": total}
	if next != nil {
		metadata["next_offset"] = []string{strconv.FormatInt(next.ms, 10), next.id}
	}
	return fields{"authlogs": whole(page, func(e *login) any { return sortedObject(e.entry()) }), "metadata": metadata}, nil
}

// filteredOut says whether one of the call's filters leaves an entry out.
func (c *apiCall) filteredOut(e *login) bool {
	phone, userID, userName := "", "", e.username
	if e.verdict.device != nil {
		phone = e.verdict.device.Number
	}
	if e.user != nil {
		userID, userName = e.user.id, e.user.name
	}
	for name, values := range map[string][]string{
		"users": {userID, userName}, "groups": e.groups, "applications": {e.key, e.application},
		"event_types": {e.verdict.event}, "factors": {e.verdict.factor}, "results": {e.result},
		"reasons": {e.verdict.reason}, "phone_numbers": {phone},
	} {
		wanted := c.params[name]
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(values, w) }) {
			return true
		}
	}
	return false
}

func (s *Server) telephonyLog(c *apiCall) (any, error) {
	at := func(e telephonyEntry) cursor { return cursor{e.at.UnixMilli(), e.id} }
	page, next, total, err := logPage(c, c.account.telephony.entries, at)
	if err != nil {
		return nil, err
	}
	return itemsPage(whole(page, func(e telephonyEntry) any {
		return fields{
			"context": e.context, "credits": e.credits, "phone": e.phone, "telephony_id": e.id, "ts": isoTime(e.at),
			"txid": e.txid, "type": e.kind,
		}
	}), next, total), nil
}

func (s *Server) activityLog(c *apiCall) (any, error) {
	at := func(e change) cursor { return cursor{e.at.UnixMilli(), e.id} }
	page, next, total, err := logPage(c, c.account.changes.entries, at)
	if err != nil {
		return nil, err
	}
	return itemsPage(whole(page, func(e change) any {
		return fields{
			"action": fields{"details": nil, "name": e.action}, "activity_id": e.id, "akey": c.account.id, "ts": isoTime(e.at),
			"actor":  fields{"details": nil, "key": nil, "name": e.username, "type": "system"},
			"target": fields{"details": nil, "key": nil, "name": e.object, "type": "object"},
		}
	}), next, total), nil
}

// itemsPage is the form of the newer logs: next_offset is one text.
func itemsPage(items []any, next *cursor, total int) fields {
	metadata := fields{"total_objects": fields{"relation": "eq", "value": total}}
	if next != nil {
		metadata["next_offset"] = strconv.FormatInt(next.ms, 10) + "," + next.id
	}
	return fields{"items": items, "metadata": metadata}
}

func (s *Server) administratorLog(c *apiCall) (any, error) {
	entries, err := cutLog(c, c.account.changes.entries, func(e change) int64 { return e.at.Unix() })
	if err != nil {
		return nil, err
	}
	return whole(entries, func(e change) any {
		var description any
		if text, err := encodeJSON(e.description); err == nil && e.description != nil {
			description = string(text)
		}
		return fields{
			"action": e.action, "description": description, "isotimestamp": isoTime(e.at), "object": textOrNull(e.object),
			"timestamp": e.at.Unix(), "username": e.username,
		}
	}), nil
}

func (s *Server) oldTelephonyLog(c *apiCall) (any, error) {
	entries, err := cutLog(c, c.account.telephony.entries, func(e telephonyEntry) int64 { return e.at.Unix() })
	if err != nil {
		return nil, err
	}
	return whole(entries, func(e telephonyEntry) any {
		return fields{
			"context": e.context, "credits": e.credits, "phone": e.phone, "timestamp": e.at.Unix(), "isotimestamp": isoTime(e.at),
			"type": e.kind,
		}
	}), nil
}

// oldAuthenticationLog is version 1, which calls a refusal a failure.
func (s *Server) oldAuthenticationLog(c *apiCall) (any, error) {
	entries, err := cutLog(c, c.account.logins.entries, func(e *login) int64 { return e.at.Unix() })
	if err != nil {
		return nil, err
	}
	return whole(entries, func(e *login) any {
		result := map[string]string{"success": "SUCCESS", "denied": "FAILURE", "fraud": "FRAUD"}[e.result]
		device := ""
		if e.verdict.device != nil {
			device = e.verdict.device.Number
		}
		return fields{
			"device": device, "factor": e.verdict.factor, "integration": e.application, "ip": e.access.ip, "new_enrollment": false,
			"reason": e.verdict.reason, "result": result, "timestamp": e.at.Unix(), "isotimestamp": isoTime(e.at),
			"username": e.username, "eventtype": e.verdict.event,
		}
	}), nil
}

// Login is an entry of the authentication log, as tests want it.
type Login struct {
	// TxID is the txid of the login.
	TxID string
	At   time.Time
	// Username is what was typed, Application the integration's name.
	Username, Application string
	// Event, Factor and Reason are in the log's words; Result is success,
	// denied or fraud.
	Event, Factor, Reason, Result string
}

// Logins is the authentication log of the parent account, oldest first.
func (s *Server) Logins() []Login { return s.Root().Logins() }

// Logins is the authentication log, oldest first.
func (a *Account) Logins() []Login {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	out := make([]Login, 0, len(a.account.logins.entries))
	for _, e := range a.account.logins.entries {
		out = append(out, Login{
			TxID: e.txid, At: e.at, Username: e.username, Application: e.application,
			Event: e.verdict.event, Factor: e.verdict.factor, Reason: e.verdict.reason, Result: e.result,
		})
	}
	return out
}
