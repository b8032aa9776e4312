package duoclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// usersFrom answers every page with one user and this metadata.
func usersFrom(metadata func(n int) string) func(int, apiRequest, http.ResponseWriter) {
	return func(n int, _ apiRequest, w http.ResponseWriter) {
		say(w, http.StatusOK, `{"stat":"OK","response":[`+oneUser+`],"metadata":`+metadata(n)+`}`)
	}
}

// Threat T105: a list that goes round in a circle, or never ends, ends.
func TestEndlessLists(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		metadata func(n int) string
		requests int
	}{
		"same offset":     {func(int) string { return `{"next_offset":300}` }, 2},
		"offset zero":     {func(int) string { return `{"next_offset":0}` }, 1},
		"back":            {func(n int) string { return fmt.Sprintf(`{"next_offset":%d}`, []int{0, 300, 600, 300}[n]) }, 3},
		"ever on":         {func(n int) string { return fmt.Sprintf(`{"next_offset":%d}`, n) }, 10_000},
		"negative":        {func(int) string { return `{"next_offset":-1}` }, 1},
		"fraction":        {func(int) string { return `{"next_offset":1.5}` }, 1},
		"an object":       {func(int) string { return `{"next_offset":{}}` }, 1},
		"huge":            {func(int) string { return `{"next_offset":99999999999999999999}` }, 1},
		"some other text": {func(int) string { return `{"next_offset":"next"}` }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			fake.set(usersFrom(row.metadata))
			start := time.Now()
			_, err := gather(newAPIClients(t, fake.config(t)).admin.Users.List(t.Context(), duoclient.UserFilter{}))
			if !errors.Is(err, duoclient.ErrMalformedResponse) {
				t.Errorf("list ends with %v, want a malformed response", err)
			}
			if n := len(fake.seen()); n != row.requests {
				t.Errorf("%d requests, want %d", n, row.requests)
			}
			if spent := time.Since(start); spent > 5*time.Second && name != "ever on" {
				t.Errorf("took %v", spent)
			}
		})
	}
}

func TestLastPages(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]string{
		"one page": `{"total_objects":1}`, "null": `{"next_offset":null}`, "empty text": `{"next_offset":""}`, "empty": `{}`, "null metadata": `null`,
	} {
		fake := newAPIFake(t)
		fake.set(usersFrom(func(int) string { return metadata }))
		got, err := gather(newAPIClients(t, fake.config(t)).admin.Users.List(t.Context(), duoclient.UserFilter{}))
		if users, ok := got.([]*duoclient.User); err != nil || !ok || len(users) != 1 {
			t.Errorf("%s: %v, %v, want one user", name, got, err)
		}
	}
}

// TestListLeft: nothing is asked for that nobody wants, and a list can be
// ranged over again.
func TestListLeft(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(func(_ int, r apiRequest, w http.ResponseWriter) {
		servePage(w, r, oneUser, 1050, func(n int) any { return n })
	})
	list := newAPIClients(t, fake.config(t)).admin.Users.List(t.Context(), duoclient.UserFilter{})
	if n := len(fake.seen()); n != 0 {
		t.Errorf("%d requests before the list was ranged over", n)
	}
	for range 2 {
		count := 0
		for _, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			if count++; count == 301 {
				break
			}
		}
	}
	seen := fake.seen()
	offsets := make([]string, len(seen))
	for i, r := range seen {
		offsets[i] = r.Params.Get("offset")
	}
	if got := strings.Join(offsets, " "); got != "0 300 0 300" {
		t.Errorf("offsets %s, want 0 300 0 300", got)
	}
}

// TestListBreaks: an error comes once, last, after what was good.
func TestListBreaks(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
		if n > 1 {
			bad(40401, "Resource not found", "")(n, r, w)
			return
		}
		servePage(w, r, oneUser, 1050, func(n int) any { return n })
	})
	good, faults := 0, 0
	for u, err := range newAPIClients(t, fake.config(t)).admin.Users.List(t.Context(), duoclient.UserFilter{}) {
		if err != nil {
			faults++
			if u != nil || !errors.Is(err, duoclient.ErrNotFound) {
				t.Errorf("yielded %v, %v", u, err)
			}
			continue
		}
		good++
	}
	if good != 300 || faults != 1 {
		t.Errorf("%d users and %d errors, want 300 and 1", good, faults)
	}
}

func TestListElements(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]string{
		"an object": `{}`, "null": `null`, "texts": `["x"]`, "lists": `[[]]`, "repeated members": `[{"user_id":"a","user_id":"b"}]`,
	} {
		fake := newAPIFake(t)
		fake.set(good(response))
		if _, err := gather(newAPIClients(t, fake.config(t)).admin.Users.List(t.Context(), duoclient.UserFilter{})); !errors.Is(err, duoclient.ErrMalformedResponse) {
			t.Errorf("%s: %v, want a malformed response", name, err)
		}
	}
}

// TestLogCursor: 2,500 entries over a cursor of two texts, and of one.
func TestLogCursor(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	const total = 2500
	serve := func(list string, pair bool) {
		fake.set(func(_ int, r apiRequest, w http.ResponseWriter) {
			start := 0
			if at := r.Params.Get("next_offset"); at != "" {
				milliseconds, id, _ := strings.Cut(at, ",")
				if milliseconds != "1532951895000" {
					bad(40002, "Invalid request parameters", "next_offset")(0, r, w)
					return
				}
				start, _ = strconv.Atoi(id)
			}
			count := min(1000, total-start)
			metadata := map[string]any{"total_objects": total}
			if next := start + count; next < total && pair {
				metadata["next_offset"] = []string{"1532951895000", strconv.Itoa(next)}
			} else if next < total {
				metadata["next_offset"] = "1532951895000," + strconv.Itoa(next)
			}
			entries := strings.TrimSuffix(strings.Repeat(`{"txid":"t"},`, count), ",")
			say(w, http.StatusOK, fmt.Sprintf(`{"stat":"OK","response":{"%s":[%s],"metadata":%s}}`, list, entries, toText(metadata)))
		})
	}
	serve("authlogs", true)
	if got, err := gather(c.admin.Logs.Authentication(t.Context(), duoclient.AuthLogFilter{})); err != nil || len(got.([]*duoclient.AuthLog)) != total {
		t.Errorf("Authentication: %v", err)
	}
	serve("items", false)
	if got, err := gather(c.admin.Logs.Telephony(t.Context(), time.Time{}, time.Time{})); err != nil || len(got.([]*duoclient.TelephonyLog)) != total {
		t.Errorf("Telephony: %v", err)
	}
	for name, next := range map[string]string{"circle": `["1","x"]`, "an object": `{}`, "lists": `[["1"]]`} {
		fake.set(good(`{"authlogs":[{"txid":"t"}],"metadata":{"next_offset":` + next + `}}`))
		if _, err := gather(c.admin.Logs.Authentication(t.Context(), duoclient.AuthLogFilter{})); !errors.Is(err, duoclient.ErrMalformedResponse) {
			t.Errorf("%s: %v, want a malformed response", name, err)
		}
	}
}

// TestAdministratorLog: 2,400 entries paged by time, three a second.
func TestAdministratorLog(t *testing.T) {
	t.Parallel()
	type entry struct {
		Timestamp int64  `json:"timestamp"`
		Object    string `json:"object"`
	}
	var log []entry
	for i := range 2400 {
		log = append(log, entry{1_700_000_000 + int64(i/3), strconv.Itoa(i)})
	}
	fake := newAPIFake(t)
	fake.set(func(_ int, r apiRequest, w http.ResponseWriter) {
		since, _ := strconv.ParseInt(r.Params.Get("mintime"), 10, 64)
		page := []entry{}
		for _, e := range log {
			if e.Timestamp >= since && len(page) < 1000 {
				page = append(page, e)
			}
		}
		good(toText(page))(0, r, w)
	})
	list := newAPIClients(t, fake.config(t)).admin.Logs.Administrator(t.Context(), time.Time{})
	for round := range 2 {
		next := 0
		for e, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			if e.Object != strconv.Itoa(next) {
				t.Fatalf("round %d: entry %s, want %d: none twice, none left out", round, e.Object, next)
			}
			next++
		}
		if next != len(log) {
			t.Errorf("round %d: %d entries, want %d", round, next, len(log))
		}
	}
	// A second that fills a page is left behind.
	for i := range log {
		log[i].Timestamp = 1_700_000_000
	}
	got, err := gather(list)
	if entries := got.([]*duoclient.AdminLog); err != nil || len(entries) != 1000 {
		t.Errorf("%d entries, %v, want the 1000 that Duo shows of one second", len(entries), err)
	}
}

func TestCursorForms(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``: "", `null`: "", `""`: "", `"1,a"`: "1,a", `["1","a"]`: "1,a", `[1,"a"]`: "1,a", `[]`: "",
	} {
		if got, ok := duoclient.Cursor(json.RawMessage(raw)); !ok || got != want {
			t.Errorf("cursor %s = %q, %t, want %q", raw, got, ok, want)
		}
	}
}

// Threat T105: a log whose cursor comes again ends at once.
func TestCursorsInACircle(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(func(n int, _ apiRequest, w http.ResponseWriter) {
		say(w, http.StatusOK, fmt.Sprintf(`{"stat":"OK","response":{"items":[],"metadata":{"next_offset":"%d"}}}`, n%2))
	})
	c := newAPIClients(t, fake.config(t))
	if _, err := gather(c.admin.Logs.Activity(t.Context(), noon.Add(-time.Hour), noon)); !errors.Is(err, duoclient.ErrMalformedResponse) {
		t.Errorf("the log ends with %v, want a malformed response", err)
	}
	if n := len(fake.seen()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// Who has given up gets no more of the page that is there.
func TestListGivenUp(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(`[` + oneUser + `,` + oneUser + `]`))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	given := 0
	var last error
	for _, err := range newAPIClients(t, fake.config(t)).admin.Users.List(ctx, duoclient.UserFilter{}) {
		if err == nil {
			given++
		}
		last = err
		cancel()
	}
	if given != 1 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d users, then %v; want one, then the caller's cancel", given, last)
	}
}
