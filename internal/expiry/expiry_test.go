package expiry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/alert"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/expiry"
)

const day = 24 * time.Hour

var start = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

// house is a watch over certificates that a test replaces, under its clock.
type house struct {
	now   time.Time
	certs []expiry.Certificate
	trail audittest.Memory
	log   bytes.Buffer
	watch *expiry.Watch
}

func newHouse(t *testing.T, certs ...expiry.Certificate) *house {
	t.Helper()
	h := &house{now: start, certs: certs}
	var err error
	h.watch, err = expiry.New(expiry.Config{
		Certificates: func() []expiry.Certificate { return h.certs }, Recorder: &h.trail,
		Logger: slog.New(slog.NewTextHandler(&h.log, nil)), Now: func() time.Time { return h.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// told are the days left that were told of, hour by hour until then.
func (h *house) told(t *testing.T, until time.Time) (days []string) {
	t.Helper()
	t.Helper()
	before := len(h.trail.Events())
	for ; !h.now.After(until); h.now = h.now.Add(time.Hour) {
		if err := h.watch.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range h.trail.Events()[before:] {
		if e.Name != audit.CertificateExpiring || (e.Outcome == audit.Failed) != (e.Reason == "ended") {
			t.Errorf("event %+v", e)
		}
		days = append(days, e.Detail["certificate"]+" "+e.Detail["days"])
	}
	return days
}

// Threat T173: a running server tells thirty, seven and one day before its
// certificate ends, and when it has; a new one ends that.
func TestServerCertificate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, expiry.Certificate{Name: "server", Subject: "mfa.example.org", NotAfter: start.Add(40 * day), Notice: 30 * day})
	if diff := cmp.Diff([]string{"server 30", "server 7", "server 1", "server 0"}, h.told(t, start.Add(41*day))); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if last := h.trail.Events()[3]; last.Outcome != audit.Failed || last.Detail["subject"] != "mfa.example.org" {
		t.Errorf("at the end: %+v", last)
	}
	h.certs[0].NotAfter = start.Add(400 * day)
	if got := h.told(t, start.Add(60*day)); got != nil {
		t.Errorf("told of a new certificate: %q", got)
	}
}

// Threat T101: in October 2031 a running server names the root of Duo's that
// ends in November, ninety days ahead; the others are not named.
func TestRoots(t *testing.T) {
	t.Parallel()
	end := time.Date(2031, time.November, 10, 0, 0, 0, 0, time.UTC)
	h := newHouse(t,
		expiry.Certificate{Name: "duo_roots", Subject: "DigiCert Global Root CA", NotAfter: end, Notice: 90 * day},
		expiry.Certificate{Name: "duo_roots", Subject: "another", NotAfter: end.Add(1000 * day), Notice: 90 * day},
	)
	h.now = end.Add(-100 * day)
	if got, want := h.told(t, end.Add(-89*day)), []string{"duo_roots 90"}; !cmp.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if !strings.Contains(h.log.String(), "DigiCert Global Root CA") || strings.Contains(h.log.String(), "another") {
		t.Errorf("the log says %s", &h.log)
	}
	if got, want := h.told(t, end.Add(-29*day)), []string{"duo_roots 30"}; !cmp.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// What is told raises an alert that says which certificate is meant.
func TestRaisesAnAlert(t *testing.T) {
	t.Parallel()
	h := newHouse(t, expiry.Certificate{Name: "engine_ca", Subject: "engine", NotAfter: start.Add(day), Notice: 30 * day})
	h.told(t, start)
	raised := &audittest.Memory{}
	w, err := alert.New(alert.Config{Recorder: raised, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), []audit.Entry{{Event: h.trail.Events()[0], Sequence: 1, Time: start}}); err != nil {
		t.Fatal(err)
	}
	all := raised.Events()
	if len(all) != 1 || all[0].Reason != string(alert.Expiring) || all[0].Detail["subject"] != "engine_ca" {
		t.Errorf("raised %+v, want %s about the engine's authority", all, alert.Expiring)
	}
}

type broken struct{ next expiry.Recorder }

func (b *broken) Record(ctx context.Context, e audit.Event) error {
	if b.next == nil {
		return audit.ErrUnwritten
	}
	return b.next.Record(ctx, e)
}

// What could not be recorded is told at the next look.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	trail := &broken{}
	certs := []expiry.Certificate{{Name: "server", NotAfter: start, Notice: 30 * day}}
	w, err := expiry.New(expiry.Config{
		Certificates: func() []expiry.Certificate { return certs }, Recorder: trail,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return start },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Look(t.Context()); !errors.Is(err, audit.ErrUnwritten) {
		t.Errorf("Look = %v, want ErrUnwritten", err)
	}
	memory := &audittest.Memory{}
	trail.next = memory
	for range 3 {
		if err := w.Look(t.Context()); err != nil {
			t.Errorf("Look = %v", err)
		}
	}
	if got := memory.Events(); len(got) != 1 {
		t.Errorf("told %d times, want once", len(got))
	}
	if _, err := expiry.New(expiry.Config{}); !errors.Is(err, expiry.ErrConfig) {
		t.Errorf("New = %v, want ErrConfig", err)
	}
}
