package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"mfaserver/internal/adminops"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// deedTime bounds a deed: Duo may ask for patience.
const deedTime = 90 * time.Second

// deedPage asks for what a deed needs, and for a reason.
type deedPage struct {
	sheet

	T text.ConsoleDeed
	// What says what the deed does, and to whom.
	What    text.ConsoleDo
	Facts   browser.Facts
	Fields  []field
	Problem string
	Action  string
	Cancel  string
	// ID is that of the button.
	ID      string
	Version string
	Danger  bool
}

// field is one input of a deed.
type field struct {
	ID, Label, Help, Type string
	Value                 string
	Options               []option
	Required              bool
	Checked               bool
}

type option struct {
	Value, Label string
	Selected     bool
}

// reasonField is what every deed asks for.
func reasonField(v *visit, required bool) field {
	w := text.English.Console.Deed
	return field{ID: "reason", Label: w.Reason, Help: w.ReasonHelp, Type: "text", Value: v.form["reason"], Required: required}
}

// Bounds of a reason in characters (threats T158, T159).
const (
	shortestReason = 3
	longestReason  = 200
)

// order is who asks and why. It reports false when the reason is not one.
func (v *visit) order(required bool) (helpdesk.Order, bool) {
	reason, good := readReason(v.form["reason"])
	return helpdesk.Order{Actor: v.actor(), Reason: reason}, good || reason == "" && !required
}

// readReason takes the reason of a change, which the trail must be able to show
// as it was written.
func readReason(s string) (reason string, good bool) {
	reason = strings.TrimSpace(s)
	length := utf8.RuneCountInString(reason)
	return reason, length >= shortestReason && length <= longestReason && audit.Printable(reason) == reason
}

// version is a mark of what was shown, so that nobody changes what he has not
// seen.
func version(shown ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(shown, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// problem puts the error of a deed into words, with the status to answer. The
// words name no value that was typed.
func (v *visit) problem(err error) (int, string) {
	w := text.English.Console.Deed
	switch {
	case errors.Is(err, people.ErrSelf), errors.Is(err, helpdesk.ErrSelf):
		return http.StatusForbidden, w.Self
	case errors.Is(err, helpdesk.ErrQuota):
		return http.StatusTooManyRequests, w.Quota
	case errors.Is(err, helpdesk.ErrPhoneTaken):
		return http.StatusConflict, w.PhoneTaken
	case errors.Is(err, primary.ErrLastAdmin):
		return http.StatusConflict, w.LastAdmin
	case errors.Is(err, primary.ErrUserUnknown), errors.Is(err, people.ErrUnknown), errors.Is(err, session.ErrNotFound):
		return http.StatusNotFound, w.Gone
	}
	status, words := http.StatusBadGateway, w.Duo
	switch adminops.Explain(err).Kind {
	case adminops.KindInvalid, adminops.KindPolicy, adminops.KindRefused:
		status, words = http.StatusBadRequest, w.Refused
	case adminops.KindNotFound:
		status, words = http.StatusNotFound, w.NotAtDuo
	case adminops.KindNotConfigured, adminops.KindUnknownOrg:
		status, words = http.StatusNotFound, w.NoDuo
	case adminops.KindInternal:
		status, words = http.StatusServiceUnavailable, w.Internal
	case adminops.KindQuota, adminops.KindExists, adminops.KindMisconfigured, adminops.KindClock, adminops.KindUntrusted,
		adminops.KindBusy, adminops.KindOutage, adminops.KindMalformed:
	}
	v.log("administrator's request failed", err)
	return status, words
}
