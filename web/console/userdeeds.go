package console

import (
	"context"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/people"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// userPath is the page of the user of the path.
func (v *visit) userPath(more string) string { return "/users/" + pathName(v.values["user"]) + more }

// showDeed shows the form of a deed on the user of the path.
func (v *visit) showDeed(status int, problem, id string, what text.ConsoleDo, danger bool, fields ...field) {
	v.showDeedOn(v.values["user"], deedPage{
		What: what, Fields: fields, Problem: problem, Action: v.r.URL.EscapedPath(), Cancel: Base + v.userPath(""), ID: id, Danger: danger,
	}, status)
}

func (v *visit) showDeedOn(subject string, data deedPage, status int) {
	w := text.English.Console.Deed
	data.sheet, data.T = titled(data.What.Title), w
	data.Facts.List = append([]browser.Fact{{ID: "subject", Label: w.Subject, Value: subject}}, data.Facts.List...)
	data.Facts.Label = w.About
	v.show(status, "deed", &data)
}

// toTheEnd gives a deed its own time, and lets it come to its end though the
// browser may be gone: an account that is closed must not keep its sessions.
// The caller calls what it returns when the deed is done.
func (v *visit) toTheEnd() (context.Context, context.CancelFunc) {
	v.patience(deedTime + answerTime)
	return context.WithTimeout(context.WithoutCancel(v.r.Context()), deedTime)
}

// bypassForm asks how long a bypass code is to be good, and why it is needed.
func (v *visit) bypassForm() { v.showBypass(http.StatusOK, "") }

// lives are the lives of bypass codes that can be chosen.
func lives() []time.Duration {
	return []time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
}

func (v *visit) showBypass(status int, problem string) {
	w := text.English.Console.Deed
	valid := field{ID: "valid", Label: w.Valid, Type: "select"}
	chosen := v.form["valid"]
	if chosen == "" {
		chosen = "3600"
	}
	for i, d := range lives() {
		value := strconv.Itoa(int(d.Seconds()))
		valid.Options = append(valid.Options, option{Value: value, Label: w.Lives[i], Selected: value == chosen})
	}
	v.showDeed(status, problem, "make-bypass", w.Bypass, false, valid,
		field{ID: "keep", Label: w.Keep, Type: "check", Checked: v.form["keep"] != ""}, reasonField(v, true))
}

// toldPage shows what is told this once.
type toldPage struct {
	sheet

	T        text.ConsoleDeed
	What     text.ConsoleDo
	Codes    []browser.Copyable
	QR       string
	Expires  time.Time
	Username string
	Back     string
}

// bypass makes a bypass code and shows it, this once (threat T158).
func (v *visit) bypass() {
	w := text.English.Console.Deed
	order, ok := v.order(true)
	if !ok {
		v.showBypass(http.StatusBadRequest, w.NeedReason)
		return
	}
	seconds, err := strconv.Atoi(v.form["valid"])
	if err != nil || !slices.Contains(lives(), time.Duration(seconds)*time.Second) {
		v.showBypass(http.StatusBadRequest, w.NeedLife)
		return
	}
	ctx, done := v.toTheEnd()
	defer done()
	made, err := v.console.deps.People.Bypass(ctx, order, v.values["user"], time.Duration(seconds)*time.Second, v.form["keep"] != "")
	if err != nil {
		status, problem := v.problem(err)
		v.showBypass(status, problem)
		return
	}
	data := toldPage{sheet: titled(w.BypassTold.Title), T: w, What: w.BypassTold, Expires: made.Expires, Username: v.values["user"], Back: Base + v.userPath("")}
	for i, code := range made.Codes {
		id := "bypass-code"
		if i > 0 {
			id += "-" + strconv.Itoa(i+1)
		}
		data.Codes = append(data.Codes, browser.Copyable{ID: id, Label: w.BypassCode, Value: code.Reveal(), Large: true})
	}
	v.show(http.StatusOK, "told", &data)
}

// enrolForm asks for a phone or an address.
func (v *visit) enrolForm() { v.showEnrol(http.StatusOK, "") }

func (v *visit) showEnrol(status int, problem string) {
	w := text.English.Console.Deed
	email := v.form["email"]
	if v.form == nil {
		if one, err := v.console.deps.People.Get(v.r.Context(), v.values["user"]); err == nil && one.Account != nil {
			email = one.Account.Email
		}
	}
	deliver := field{ID: "deliver", Label: w.Deliver, Type: "select"}
	for _, way := range []struct {
		value helpdesk.Delivery
		label string
	}{{helpdesk.DeliverLink, w.DeliverLink}, {helpdesk.DeliverSMS, w.DeliverSMS}, {helpdesk.DeliverEmail, w.DeliverEmail}} {
		deliver.Options = append(deliver.Options, option{Value: string(way.value), Label: way.label, Selected: v.form["deliver"] == string(way.value)})
	}
	v.showDeed(status, problem, "enrol", w.Enrol, false, deliver,
		field{ID: "phone", Label: w.Phone, Help: w.PhoneHelp, Type: "tel", Value: v.form["phone"]},
		field{ID: "email", Label: w.Email, Help: w.EmailHelp, Type: "email", Value: email}, reasonField(v, false))
}

// enrol makes the user known to Duo, and shows the link once or has it sent
// (threat T160).
func (v *visit) enrol() {
	w := text.English.Console.Deed
	order, ok := v.order(false)
	i := people.Invitation{
		Phone: strings.TrimSpace(v.form["phone"]), Email: strings.TrimSpace(v.form["email"]), Deliver: helpdesk.Delivery(v.form["deliver"]),
	}
	switch {
	case !ok:
		v.showEnrol(http.StatusBadRequest, w.BadReason)
		return
	case i.Deliver == helpdesk.DeliverEmail && !plainAddress(i.Email):
		v.showEnrol(http.StatusBadRequest, w.NeedEmail)
		return
	case i.Deliver == helpdesk.DeliverSMS && i.Phone == "":
		v.showEnrol(http.StatusBadRequest, w.NeedPhone)
		return
	}
	ctx, done := v.toTheEnd()
	defer done()
	link, err := v.console.deps.People.Enrol(ctx, order, v.values["user"], i)
	switch {
	case err != nil:
		status, problem := v.problem(err)
		v.showEnrol(status, problem)
	case link.Active:
		v.done(v.userPath(""), "users-active")
	case link.URL.Reveal() == "":
		v.done(v.userPath(""), "users-sent")
	default:
		data := toldPage{sheet: titled(w.EnrolTold.Title), T: w, What: w.EnrolTold, Expires: link.Expires, Username: v.values["user"], Back: Base + v.userPath("")}
		data.QR = link.Scan.Reveal()
		data.Codes = []browser.Copyable{{ID: "enrol-link", Label: w.EnrolLink, Value: link.URL.Reveal(), Rows: 2}}
		v.show(http.StatusOK, "told", &data)
	}
}

func plainAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// resetForm asks before everything is taken from a user.
func (v *visit) resetForm() { v.showReset(http.StatusOK, "") }

func (v *visit) showReset(status int, problem string) {
	v.showDeed(status, problem, "reset", text.English.Console.Deed.Reset, true, reasonField(v, true))
}

// reset takes away what the user proves himself with, and leads on to his
// enrolment.
func (v *visit) reset() {
	order, ok := v.order(true)
	if !ok {
		v.showReset(http.StatusBadRequest, text.English.Console.Deed.NeedReason)
		return
	}
	ctx, done := v.toTheEnd()
	defer done()
	if _, err := v.console.deps.People.Reset(ctx, order, v.values["user"]); err != nil {
		status, problem := v.problem(err)
		v.showReset(status, problem)
		return
	}
	v.done(v.userPath("/enrol"), "users-reset")
}

// lockForm asks before Duo is to refuse a user, or to ask him again.
func (v *visit) lockForm() { v.showLock(http.StatusOK, "") }

// duoStatus is the user's status at Duo now; it has answered when there is
// none.
func (v *visit) duoStatus() (string, bool) {
	account, err := v.console.deps.Devices.AccountNow(v.r.Context(), v.values["user"])
	if err != nil {
		v.log("duo cannot be asked for a user", err)
		v.say(http.StatusBadGateway, text.English.Console.Users.SilentDuo)
		return "", false
	}
	return account.Status, true
}

func (v *visit) showLock(status int, problem string) {
	v.patience(deedTime)
	now, ok := v.duoStatus()
	if !ok {
		return
	}
	w := text.English.Console.Deed
	data := deedPage{
		What: w.Lock, Danger: true, Problem: problem, Action: v.r.URL.EscapedPath(), Cancel: Base + v.userPath(""), ID: "lock",
		Fields: []field{reasonField(v, true)}, Version: version("duo", v.values["user"], now),
		Facts: browser.Facts{List: []browser.Fact{{ID: "now", Label: w.Now, Badge: duoBadge(now, true)}}},
	}
	if now == duoDisabled {
		data.What, data.Danger, data.ID = w.Unlock, false, "unlock"
	}
	v.showDeedOn(v.values["user"], data, status)
}

// duoDisabled is Duo's word for a user whom it refuses.
const duoDisabled = "disabled"

// lock turns Duo's refusal of a user on or off, as the form said.
func (v *visit) lock() {
	w := text.English.Console.Deed
	ctx, done := v.toTheEnd()
	defer done()
	order, ok := v.order(true)
	if !ok {
		v.showLock(http.StatusBadRequest, w.NeedReason)
		return
	}
	now, ok := v.duoStatus()
	if !ok {
		return
	}
	if v.form["version"] != version("duo", v.values["user"], now) {
		v.showLock(http.StatusConflict, w.Changed)
		return
	}
	locked := now != duoDisabled
	if err := v.console.deps.People.Lock(ctx, order, v.values["user"], locked); err != nil {
		status, problem := v.problem(err)
		v.showLock(status, problem)
		return
	}
	v.done(v.userPath(""), map[bool]string{true: "users-locked", false: "users-unlocked"}[locked])
}

// accountForm asks before an account of the directory is closed or opened.
func (v *visit) accountForm() { v.showAccount(http.StatusOK, "") }

// closed reports whether the account is closed now; it has answered when there
// is none.
func (v *visit) closed() (closed, ok bool) {
	one, err := v.console.deps.People.Get(v.r.Context(), v.values["user"])
	if err == nil && one.Account == nil {
		err = people.ErrUnknown
	}
	if err != nil {
		v.noUser(err)
		return false, false
	}
	return one.Account.Disabled, true
}

func (v *visit) showAccount(status int, problem string) {
	closed, ok := v.closed()
	if !ok {
		return
	}
	w := text.English.Console.Deed
	data := deedPage{
		What: w.Disable, Danger: true, Problem: problem, Action: v.r.URL.EscapedPath(), Cancel: Base + v.userPath(""), ID: "disable",
		Fields: []field{reasonField(v, true)}, Version: version("account", v.values["user"], strconv.FormatBool(closed)),
	}
	if closed {
		data.What, data.Danger, data.ID = w.Enable, false, "enable"
	}
	v.showDeedOn(v.values["user"], data, status)
}

// account closes or opens an account, as the form said.
func (v *visit) account() {
	w := text.English.Console.Deed
	order, ok := v.order(true)
	if !ok {
		v.showAccount(http.StatusBadRequest, w.NeedReason)
		return
	}
	closed, ok := v.closed()
	if !ok {
		return
	}
	if v.form["version"] != version("account", v.values["user"], strconv.FormatBool(closed)) {
		v.showAccount(http.StatusConflict, w.Changed)
		return
	}
	ctx, done := v.toTheEnd()
	defer done()
	change := v.console.deps.People.Disable
	if closed {
		change = v.console.deps.People.Enable
	}
	if _, err := change(ctx, order, v.values["user"]); err != nil {
		status, problem := v.problem(err)
		v.showAccount(status, problem)
		return
	}
	v.done(v.userPath(""), map[bool]string{true: "users-enabled", false: "users-disabled"}[closed])
}

// endAllForm asks before all sessions of a user end.
func (v *visit) endAllForm() { v.showEndAll(http.StatusOK, "") }

func (v *visit) showEndAll(status int, problem string) {
	v.showDeed(status, problem, "end-sessions", text.English.Console.Deed.EndUser, true, reasonField(v, true))
}

func (v *visit) endAll() {
	order, ok := v.order(true)
	if !ok {
		v.showEndAll(http.StatusBadRequest, text.English.Console.Deed.NeedReason)
		return
	}
	ctx, done := v.toTheEnd()
	defer done()
	if _, err := v.console.deps.People.EndSessions(ctx, order, v.values["user"]); err != nil {
		v.unavailable(err)
		return
	}
	v.done(v.userPath(""), "users-ended")
}
