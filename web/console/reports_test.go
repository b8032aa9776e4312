package console_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/rules"
	"mfaserver/internal/stats"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/web/console"
	"mfaserver/web/text"
)

// world is what the pages of reports ask.
type world struct {
	now       func() time.Time
	tokens    map[string]token.Token
	waiting   []mfa.Waiting
	cancelled []string
	verified  console.Verified
	round     console.Round
	asked     int
}

func (w *world) List(context.Context) ([]token.Token, error) {
	var all []token.Token
	for _, t := range w.tokens {
		all = append(all, t)
	}
	return all, nil
}

func (w *world) Get(_ context.Context, id string) (token.Token, error) {
	t, ok := w.tokens[id]
	if !ok {
		return t, token.ErrUnknown
	}
	return t, nil
}

func (w *world) Revoke(_ context.Context, id, by, reason string) (token.Token, error) {
	t := w.tokens[id]
	if !t.EndedAt.IsZero() {
		return t, token.ErrRevoked
	}
	t.EndedAt, t.EndReason = w.now(), by+": "+reason
	w.tokens[id] = t
	return t, nil
}

func (w *world) Waiting(_ context.Context, after mfa.Key, limit int) ([]mfa.Waiting, error) {
	var all []mfa.Waiting
	for _, l := range w.waiting {
		if string(l.Key[:]) > string(after[:]) && len(all) < limit {
			all = append(all, l)
		}
	}
	return all, nil
}

func (w *world) Cancel(_ context.Context, k mfa.Key, by, reason string, _ mfa.Client) error {
	if len(w.cancelled) > 0 {
		return mfa.ErrRefused
	}
	w.cancelled = append(w.cancelled, k.Handle()+" "+by+": "+reason)
	return nil
}

func (w *world) Exemptions() []rules.Exemption {
	return []rules.Exemption{{
		Name: "lab", Users: []string{"svc"}, Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Owner: "bob", Reason: "<i>old</i>",
		Until: w.now().Add(48 * time.Hour),
	}}
}

func (w *world) Verified() console.Verified { return w.verified }
func (w *world) Verify()                    { w.asked++ }
func (w *world) Check()                     { w.asked++ }
func (w *world) Refresh()                   { w.asked++ }

func (w *world) Findings() ([]console.Finding, console.Round) {
	return []console.Finding{
		{Area: console.AreaDuo, Subject: "duo.auth", Level: console.LevelFail, Text: "keys <refused>", Advice: "Copy them again."},
		{Area: "unheard of", Subject: "x", Level: console.LevelOK, Text: "fine"},
	}, w.round
}

func (w *world) Organizations() ([]console.Organization, []console.Unclaimed, console.Round) {
	return []console.Organization{
		{Name: "default", Administered: true, Users: 4711, Took: time.Second},
		{Name: "clinic", AccountID: "DA1", Administered: true, Problem: "no <answer>"},
	}, []console.Unclaimed{{Name: "other", AccountID: "DA2"}}, w.round
}

// reports fill the house with what the pages show: a trail with some logins.
func (h *house) reports(t *testing.T) console.Reports {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	trail, err := audit.New(audit.Config{Path: path, Node: "n", Now: h.now, MAC: func(string, []byte) [32]byte { return [32]byte{1} }})
	must(t, err)
	for i := range 120 {
		tx := fmt.Sprintf("tx%d", i)
		must(t, trail.Record(t.Context(), audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK, Username: "alice", Transaction: tx, RequestID: tx, Detail: map[string]string{"txid": "t", "factor": "duo_push", "device": "=cmd|<b>"}}))
	}
	must(t, trail.Record(t.Context(), audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused, Username: "bob", Reason: "<script>", Source: netip.MustParseAddr("192.0.2.7")}))
	must(t, trail.Close())
	h.world = &world{
		now:    h.now,
		tokens: map[string]token.Token{"tok1": {ID: "tok1", Name: "<b>nightly</b>", Username: "svc", Owner: "bob", CreatedAt: h.now(), ExpiresAt: h.now().Add(time.Hour)}},
		waiting: []mfa.Waiting{{
			Key: mfa.KeyOf("state"), View: mfa.View{Username: "alice", UserAgent: "<i>", StartedAt: h.now(), ExpiresAt: h.now().Add(time.Minute), Phase: mfa.Pending},
		}},
	}
	return console.Reports{
		Figures: stats.New(h.now), Trail: audit.NewReader(path, nil), Verification: h.world, Tokens: h.world, Exemptions: h.world,
		Waiting: h.world, Organizations: h.world, Health: h.world,
	}
}

// Threat T161: what others wrote stands on the pages as text.
func TestReportsShow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.world.round.Ended = h.now()
	b := h.admin(t)
	for path, words := range map[string][]string{
		"/overview":                              {"plot-outcomes", "plot-factors", "plot-latency", "plot-people", "attention"},
		"/overview?span=month":                   {"plot-outcomes"},
		"/pending":                               {"alice", "&lt;i&gt;"},
		"/organizations":                         {"4711", "DA1", "no &lt;answer&gt;", "DA2"},
		"/audit":                                 {"&lt;script&gt;", "192.0.2.7"},
		"/audit/record/2":                        {"=cmd|&lt;b&gt;", "to-login"},
		"/audit/login/tx7":                       {"Duo Push", "tx7"},
		"/audit/verify":                          {"verify-now"},
		"/audit/export/all":                      {"download"},
		"/tokens":                                {"&lt;b&gt;nightly", "token-tok1"},
		"/tokens/tok1":                           {"revoke", "svc"},
		"/tokens/tok1/revoke":                    {"revoke-now"},
		"/exemptions":                            {"&lt;i&gt;old", "192.0.2.0/24"},
		"/health":                                {"keys &lt;refused&gt;", "area-duo", "area-other"},
		"/pending/" + key + "/cancel?user=alice": {"cancel-now", "alice"},
	} {
		if w := b.get(path); w.Code != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", path, w.Code)
		}
		for _, word := range words {
			if !strings.Contains(b.last, word) {
				t.Errorf("GET %s lacks %q", path, word)
			}
		}
	}
	for path, want := range map[string]int{
		"/audit?from=xx": 400, "/audit?source=1": 400, "/audit?outcome=x": 400, "/audit?before=x": 400, "/audit?user=a&user=b": 400,
		"/audit/record/0": 404, "/audit/record/999": 404, "/audit/record/01": 404, "/audit/login/none": 404, "/audit/export/!": 404,
		"/tokens/none": 404, "/pending/xyz/cancel": 404, "/pending?after=zz": 400,
	} {
		if got := b.get(path).Code; got != want {
			t.Errorf("GET %s = %d, want %d", path, got, want)
		}
	}
}

var key = func() string { k := mfa.KeyOf("state"); return hex.EncodeToString(k[:]) }()

func TestAuditPages(t *testing.T) {
	t.Parallel()
	b := newHouse(t).admin(t)
	count := func(path string) int {
		t.Helper()
		b.get(path)
		return strings.Count(b.last, `class="record"`)
	}
	for _, row := range []struct {
		path       string
		rows       int
		newer, old bool
	}{
		{"/audit?event=mfa.allowed", 50, false, true},
		{"/audit?event=mfa.allowed&before=72", 50, true, true},
		{"/audit?event=mfa.allowed&before=22", 20, true, false},
		{"/audit?event=mfa.allowed&after=20", 50, true, true},
		{"/audit?event=mfa.allowed&after=100", 50, false, true},
		{"/audit?outcome=refused", 1, false, false},
		{"/audit?user=nobody", 0, false, false},
		{"/audit?to=2001-01-01", 0, false, false},
	} {
		if got := count(row.path); got != row.rows || b.shows("previous") != row.newer || b.shows("next") != row.old {
			t.Errorf("GET %s: %d rows, newer %t, older %t; want %d, %t, %t", row.path, got, b.shows("previous"), b.shows("next"), row.rows, row.newer, row.old)
		}
	}
}

// A field for a time takes one spelling alone, whatever a link to the page says.
func TestAuditTimesInTheForm(t *testing.T) {
	t.Parallel()
	b := newHouse(t).admin(t)
	for given, want := range map[string]string{
		"2026-11-16":           "2026-11-16T00:00",
		"2026-11-16T09:30":     "2026-11-16T09:30",
		"2026-11-16T09:30:15":  "2026-11-16T09:30:15",
		"2026-11-16T09:30:00Z": "2026-11-16T09:30",
		"yesterday":            "",
		"":                     "",
	} {
		b.get("/audit?from=" + given)
		if field := `id="from" name="from" type="datetime-local" value="` + want + `"`; !strings.Contains(b.last, field) {
			t.Errorf("from=%s: the form has no %s", given, field)
		}
	}
}

// Threat T161: a spreadsheet calculates nothing that somebody typed. The export
// is recorded before it is sent.
func TestAuditExport(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	w := b.post("/audit/export/all", "format", "csv")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") || strings.Count(b.last, "\n") < 120 {
		t.Fatalf("export = %d, %v", w.Code, w.Header())
	}
	if h.recorded(audit.AuditExported) != 1 {
		t.Error("the export was not recorded")
	}
	if b.post("/audit/export/all", "format", "xml").Code != http.StatusBadRequest {
		t.Error("a strange format was taken")
	}
	h.pass(6 * time.Minute)
	if b.get("/audit/export/all"); !b.shows("confirm") || b.shows("download") {
		t.Error("the form opens with an old approval")
	}
}

func TestTokenRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	for _, reason := range []string{"", "x", strings.Repeat("x", 201), "a\nb"} {
		if got := b.post("/tokens/tok1/revoke", "reason", reason).Code; got != http.StatusUnprocessableEntity {
			t.Errorf("reason of %d characters = %d, want 422", len(reason), got)
		}
	}
	if got := b.post("/tokens/tok1/revoke", "reason", "left").Code; got != http.StatusSeeOther {
		t.Errorf("revoke = %d, want 303", got)
	}
	if h.world.tokens["tok1"].EndReason != "admin: left" {
		t.Errorf("ended by %q", h.world.tokens["tok1"].EndReason)
	}
	if got := b.post("/tokens/tok1/revoke", "reason", "again").Code; got != http.StatusConflict {
		t.Errorf("revoked twice = %d, want 409", got)
	}
}

func TestPendingCancelled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	if got := b.post("/pending/"+key+"/cancel", "reason", "no").Code; got != http.StatusUnprocessableEntity {
		t.Errorf("short reason = %d, want 422", got)
	}
	for _, notice := range []string{text.English.Console.Pending.Cancelled, text.English.Console.Pending.Over} {
		if got := b.post("/pending/"+key+"/cancel", "reason", "not his").Code; got != http.StatusSeeOther {
			t.Errorf("cancel = %d, want 303", got)
		}
		if b.get("/pending"); !strings.Contains(b.last, notice) {
			t.Errorf("the page does not say %q", notice)
		}
	}
	if len(h.world.cancelled) != 1 || !strings.HasSuffix(h.world.cancelled[0], " admin: not his") {
		t.Errorf("cancelled %q", h.world.cancelled)
	}
}

func TestRounds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	for i, path := range []string{"/audit/verify", "/organizations/refresh", "/health/check"} {
		if got := b.post(path).Code; got != http.StatusSeeOther || h.world.asked != i+1 {
			t.Errorf("POST %s = %d, asked %d", path, got, h.world.asked)
		}
	}
	// Threat T192: that somebody has the trail verified is in it.
	events := h.trail.Events()
	if e := events[len(events)-1]; h.recorded(audit.AuditVerified) != 1 || e.Name != audit.AuditVerified || e.Outcome != audit.OK ||
		e.Username != "admin" || e.Actor != "admin" || e.Session == "" || !e.Source.IsValid() {
		t.Errorf("%d records of a verification, the last event is %+v", h.recorded(audit.AuditVerified), e)
	}
	for _, path := range []string{"/audit/verify/state", "/organizations/state", "/health/state"} {
		h.world.round, h.world.verified.Round = console.Round{Running: true}, console.Round{Running: true}
		if got := b.get(path).Code; got != http.StatusNoContent {
			t.Errorf("%s = %d while it runs, want 204", path, got)
		}
		h.world.round, h.world.verified.Round = console.Round{}, console.Round{}
		if got := b.get(path).Code; got != http.StatusOK {
			t.Errorf("%s = %d when it is over, want 200", path, got)
		}
	}
	h.world.verified = console.Verified{Round: console.Round{Ended: h.now()}, Report: audit.Report{Faults: []audit.Fault{{Kind: audit.Deleted, Sequence: 7, Text: "gone"}}}}
	if b.get("/audit/verify"); !b.shows("faults") {
		t.Error("the faults are not shown")
	}
}

// Every event that can be recorded has words.
func TestEventsHaveWords(t *testing.T) {
	t.Parallel()
	w := text.English.Console
	for _, n := range audit.Names() {
		family, _, _ := strings.Cut(string(n), ".")
		if w.Events[string(n)] == "" || w.Families[family+"."] == "" {
			t.Errorf("%s has no words", n)
		}
	}
	if got, want := len(w.Events), len(audit.Names()); got != want {
		t.Errorf("%d events have words, there are %d", got, want)
	}
}
