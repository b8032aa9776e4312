package alert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/alert"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
)

var monday = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// story makes records that follow each other.
type story struct {
	records []audit.Entry
	at      time.Time
}

func (s *story) add(after time.Duration, e audit.Event) *story {
	if s.at.IsZero() {
		s.at = monday
	}
	s.at = s.at.Add(after)
	if e.Outcome == "" {
		e.Outcome = audit.OK
	}
	s.records = append(s.records, audit.Entry{Event: e, Time: s.at, Sequence: uint64(len(s.records) + 1)})
	return s
}

func of(name audit.Name, user string, detail ...string) audit.Event {
	e := audit.Event{Name: name, Username: user, Source: netip.MustParseAddr("192.0.2.7")}
	for i := 0; i+1 < len(detail); i += 2 {
		if e.Detail == nil {
			e.Detail = make(map[string]string)
		}
		e.Detail[detail[i]] = detail[i+1]
	}
	return e
}

func spray(users int) *story {
	s := &story{}
	for i := range users {
		s.add(time.Second, of(audit.PrimaryRefused, fmt.Sprintf("user%d", i)))
	}
	return s
}

func deed(name audit.Name) audit.Event {
	e := of(name, "bob")
	e.Actor = "carol"
	return e
}

// Threat T198: what happened is told of, once, and nothing else is.
func TestRules(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for _, tt := range []struct {
		name string
		of   *story
		want []alert.Rule
	}{
		{"a usual login", (&story{}).add(0, of(audit.PrimaryOK, "a")).add(0, of(audit.ChallengeIssued, "a")).
			add(minute, of(audit.MFAAllowed, "a", "factor", "duo_push", "access_country", "United States")).add(0, of(audit.SessionStarted, "a")), nil},
		{"confirmed elsewhere", (&story{}).add(0, of(audit.MFAIPMismatch, "a", "access_ip", "198.51.100.1")), []alert.Rule{alert.Relay}},
		{"page opened at another address", (&story{}).add(0, of(audit.MFAIPMismatch, "a", "callback", "198.51.100.1")), nil},
		{"page opened in another browser", (&story{}).add(0, of(audit.CallbackMismatch, "a")), []alert.Rule{alert.Relay}},
		{"denied", (&story{}).add(0, of(audit.UserDenied, "a")), []alert.Rule{alert.Denied}},
		{"fraud", (&story{}).add(0, of(audit.PushFraud, "a")), []alert.Rule{alert.Denied}},
		{"not completed", (&story{}).add(0, of(audit.TransactionExpired, "a")), []alert.Rule{alert.Unfinished}},
		{
			"three in a row", (&story{}).add(0, of(audit.MFARefused, "a")).add(minute, of(audit.MFARefused, "a")).add(minute, of(audit.MFARefused, "a")),
			[]alert.Rule{alert.Fatigue},
		},
		{"three users", (&story{}).add(0, of(audit.MFARefused, "a")).add(minute, of(audit.MFARefused, "b")).add(minute, of(audit.MFARefused, "c")), nil},
		{"three in an hour", (&story{}).add(0, of(audit.MFARefused, "a")).add(30*minute, of(audit.MFARefused, "a")).add(30*minute, of(audit.MFARefused, "a")), nil},
		{"replay", (&story{}).add(0, of(audit.MFAReplay, "a")), []alert.Rule{alert.Replay}},
		{"another user's data", (&story{}).add(0, of(audit.LoginDataUser, "a")), []alert.Rule{alert.Mismatch}},
		{"a stranger's call", (&story{}).add(0, of(audit.LoginDataBinding, "a")), []alert.Rule{alert.Mismatch}},
		{"ten users' passwords", spray(10), []alert.Rule{alert.Spraying}},
		{"nine users' passwords", spray(9), nil},
		{
			"two countries", (&story{}).add(0, of(audit.MFAAllowed, "a", "access_country", "France")).add(2*time.Hour, of(audit.MFAAllowed, "a", "access_country", "Peru")),
			[]alert.Rule{alert.Travel},
		},
		{"two countries, a day", (&story{}).add(0, of(audit.MFAAllowed, "a", "access_country", "France")).add(24*time.Hour, of(audit.MFAAllowed, "a", "access_country", "Peru")), nil},
		{"bypass code", (&story{}).add(0, of(audit.MFAAllowed, "a", "factor", "bypass_code")), []alert.Rule{alert.Bypass}},
		{"own device after a bypass code", (&story{}).add(0, of(audit.DeviceAdded, "a", "proof", "bypass_code")), []alert.Rule{alert.OwnDevice}},
		{"own device after none", (&story{}).add(0, of(audit.DeviceAdded, "a", "proof", "inline enrolment")), []alert.Rule{alert.OwnDevice}},
		{"own device after a push", (&story{}).add(0, of(audit.DeviceAdded, "a", "proof", "duo_push")), nil},
		{"break-glass", (&story{}).add(0, of(audit.BreakGlassUsed, "a")), []alert.Rule{alert.Bypass}},
		{"fail open", (&story{}).add(0, of(audit.MFAFailOpen, "a")), []alert.Rule{alert.FailOpen}},
		{"bypass code made", (&story{}).add(0, deed(audit.DuoCodesCreated)), []alert.Rule{alert.Weakened}},
		{"at night", (&story{}).add(9*time.Hour, deed(audit.DuoRead)), []alert.Rule{alert.AfterHours}},
		{"at the week-end", (&story{}).add(5*24*time.Hour, deed(audit.DuoRead)), []alert.Rule{alert.AfterHours}},
		{"tampered", (&story{}).add(0, of(audit.SessionStoreTampered, "a")), []alert.Rule{alert.Tampering}},
		{"again and again", (&story{}).add(0, of(audit.MFAReplay, "a")).add(minute, of(audit.MFAReplay, "a")).add(minute, of(audit.MFAReplay, "b")), []alert.Rule{alert.Replay, alert.Replay}},
		{"a certificate ends", (&story{}).add(0, of(audit.CertificateExpiring, "", "certificate", "server", "days", "29")), []alert.Rule{alert.Expiring}},
		{
			"two certificates end", (&story{}).add(0, of(audit.CertificateExpiring, "", "certificate", "server")).
				add(0, of(audit.CertificateExpiring, "", "certificate", "engine_ca")).add(minute, of(audit.CertificateExpiring, "", "certificate", "server")),
			[]alert.Rule{alert.Expiring, alert.Expiring},
		},
		{
			"a duty hangs", (&story{}).add(0, of(audit.DutyHangs, "", "duty", "sweeping sessions")).add(minute, of(audit.DutyResumed, "", "duty", "sweeping sessions")),
			[]alert.Rule{alert.Hanging},
		},
		{
			"the disk is full", (&story{}).add(0, of(audit.AuditFull, "")).add(minute, of(audit.SessionEnded, "alice")),
			[]alert.Rule{alert.Full},
		},
		{"an alert", (&story{}).add(0, of(audit.AlertRaised, "a")), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trail := &audittest.Memory{}
			w, err := alert.New(alert.Config{
				Recorder: trail, Logger: slog.New(slog.DiscardHandler), Hours: alert.Hours{From: 7 * time.Hour, To: 19 * time.Hour},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Send(t.Context(), tt.of.records); err != nil {
				t.Fatal(err)
			}
			var got []alert.Rule
			for _, e := range trail.Events() {
				if e.Name != audit.AlertRaised {
					t.Errorf("event %s", e.Name)
				}
				got = append(got, alert.Rule(e.Reason))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("alerts %q, want %q", got, tt.want)
			}
		})
	}
}

// Every rule has words, a severity, and can be turned off.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	trail := &audittest.Memory{}
	w, err := alert.New(alert.Config{Recorder: trail, Logger: slog.New(slog.DiscardHandler), Off: alert.Rules()})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range alert.Rules() {
		if !strings.HasSuffix(r.Text(), ".") || r.Severity() == "" || !alert.Known(r) {
			t.Errorf("rule %s: %q, %s", r, r.Text(), r.Severity())
		}
	}
	s := spray(12).add(0, of(audit.UserDenied, "a")).add(0, of(audit.MFAReplay, "a"))
	if err := w.Send(t.Context(), s.records); err != nil || len(trail.Events()) != 0 {
		t.Errorf("Send() with all rules off = %v, %d alerts", err, len(trail.Events()))
	}
	if _, err := alert.New(alert.Config{Recorder: trail, Logger: slog.New(slog.DiscardHandler), Off: []alert.Rule{"none"}}); !errors.Is(err, alert.ErrConfig) {
		t.Errorf("New() with an unknown rule = %v, want ErrConfig", err)
	}
	if _, err := alert.New(alert.Config{}); !errors.Is(err, alert.ErrConfig) {
		t.Errorf("New() of nothing = %v, want ErrConfig", err)
	}
}

var errDown = errors.New("down")

type notifier struct {
	fail int
	told []alert.Alert
}

func (n *notifier) Notify(_ context.Context, a alert.Alert) error {
	if n.fail > 0 {
		n.fail--
		return errDown
	}
	n.told = append(n.told, a)
	return nil
}

// Somebody who cannot be told is told later; the trail has the alert once.
func TestNotifyAgain(t *testing.T) {
	t.Parallel()
	trail, somebody := &audittest.Memory{}, &notifier{fail: 2}
	w, err := alert.New(alert.Config{Recorder: trail, Notifier: somebody, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	records := (&story{}).add(0, of(audit.MFAReplay, "a")).add(0, of(audit.UserDenied, "b")).records
	for range 2 {
		if err := w.Send(t.Context(), records); !errors.Is(err, errDown) {
			t.Fatalf("Send() = %v, want the notifier's error", err)
		}
	}
	if err := w.Send(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if len(somebody.told) != 2 || len(trail.Events()) != 2 {
		t.Errorf("told %d times, recorded %d, want 2 and 2", len(somebody.told), len(trail.Events()))
	}
}

type poster struct{ body []byte }

func (p *poster) Post(_ context.Context, _, _ string, body []byte) error {
	p.body = body
	return nil
}

// What is posted says what happened and what to do.
func ExampleHook() {
	var p poster
	_ = alert.Hook{Poster: &p, Node: "mirth-1"}.Notify(context.Background(), alert.Alert{
		Rule: alert.Denied, Sequence: 42, Time: monday, Username: "alice", Source: netip.MustParseAddr("192.0.2.7"), Count: 1,
	})
	fmt.Println(strings.ReplaceAll(string(p.body), `","`, "\",\n\""))
	// Output:
	// {"rule":"denied",
	// "severity":"high",
	// "text":"A user refused a sign-in at Duo. If he did not begin it, his password is known to somebody: change it.",
	// "user":"alice",
	// "source":"192.0.2.7",
	// "record":42,"time":"2026-11-23T12:00:00Z",
	// "count":1,"node":"mirth-1"}
}
