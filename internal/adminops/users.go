package adminops

import (
	"context"
	"iter"
	"slices"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// userFields is what can be said of a user. His status is changed alone,
// because it has rules of its own.
type userFields struct {
	Realname         string            `json:"realname" doc:"At most 1024 bytes."`
	Firstname        string            `json:"firstname" doc:"At most 1024 bytes."`
	Lastname         string            `json:"lastname" doc:"At most 1024 bytes."`
	Email            string            `json:"email" doc:"One address, at most 254 bytes."`
	Notes            string            `json:"notes" doc:"At most 1024 bytes."`
	Aliases          []string          `json:"aliases" doc:"At most 8; an empty one is removed."`
	EnableAutoPrompt *bool             `json:"enable_auto_prompt" doc:"Whether the prompt begins by itself."`
	CustomAttributes map[string]string `json:"custom_attributes" doc:"Names and values."`
}

func (u userFields) params() duoclient.UserParams {
	return duoclient.UserParams{
		Realname: u.Realname, Firstname: u.Firstname, Lastname: u.Lastname, Email: u.Email, Notes: u.Notes,
		Aliases: u.Aliases, EnableAutoPrompt: u.EnableAutoPrompt, CustomAttributes: u.CustomAttributes,
	}
}

type userCreate struct {
	Username string `json:"username" need:"yes" doc:"At most 256 bytes."`
	userFields
	why
}

type userUpdate struct {
	Username string `json:"username" doc:"A new name, at most 256 bytes."`
	userFields
	Clear []string `json:"clear" doc:"Members to empty: realname, firstname, lastname, email, notes."`
	why
}

type userStatus struct {
	Status    string `json:"status" need:"yes" doc:"active, bypass, disabled or locked out. Nobody gives bypass to himself, and it ends by itself."`
	ValidSecs *int64 `json:"valid_secs" doc:"How long bypass lasts, 300 to 604800 seconds; helpdesk.bypass_status_life when absent."`
	why
}

type userReset struct{ why }

type userSync struct {
	Username     string `json:"username" need:"yes" doc:"The name in the directory."`
	DirectoryKey string `json:"directory_key" doc:"In place of the configured one."`
	why
}

type userEnroll struct {
	Username  string `json:"username" need:"yes" doc:"At most 256 bytes."`
	Realname  string `json:"realname" doc:"At most 1024 bytes."`
	Email     string `json:"email" doc:"One address, at most 254 bytes."`
	Phone     string `json:"phone" doc:"The number in international form; empty for a tablet."`
	Extension string `json:"extension" doc:"Of the number, at most 32 characters."`
	Platform  string `json:"platform" doc:"As Duo names it, for example apple ios; empty for a generic smartphone."`
	PhoneName string `json:"phone_name" doc:"At most 256 bytes."`
	PhoneID   string `json:"phone_id" doc:"A phone that exists already, in place of phone."`
	Shared    bool   `json:"shared" doc:"Allows a phone that others have too."`
	Deliver   string `json:"deliver" doc:"none, link (the default, told once in the answer), sms or email."`
	Install   bool   `json:"install" doc:"Asks for a link to install Duo Mobile too."`
	ValidSecs *int64 `json:"valid_secs" doc:"Life of the link, 600 to 604800 seconds; the organisation's default when absent."`
	why
}

func userOperations() []operation {
	one := []string{"user_id"}
	enroll := changes("users.enroll", "Make a user and a phone, tie them, and hand out the link: what is there already is used.",
		nil, helpdesk.ActionUserEnroll, enrollUser)
	enroll.Secret = true
	return []operation{
		lists("users.list", "List users.", nil, []Field{
			text("username", "A name or alias, exact."), text("email", "An address, exact."),
		}, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.User, error] {
			return a.Users.List(ctx, duoclient.UserFilter{Username: r.Query.Get("username"), Email: r.Query.Get("email")})
		}),
		changes("users.create", "Make a user.", nil, helpdesk.ActionUserCreate, createUser),
		enroll,
		changes("users.sync", "Fetch one user from the organisation's directory.", nil, helpdesk.ActionUserSync, syncUser),
		reportOperation(),
		reads("users.get", "Get a user.", one, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.User, error) {
			return a.Users.Get(ctx, r.ID["user_id"])
		}),
		changes("users.update", "Change what is said of a user.", one, helpdesk.ActionUserUpdate, updateUser),
		changes("users.status", "Change what Duo does with a user.", one, helpdesk.ActionUserStatus, setStatus),
		changes("users.reset", "Take away a user's phones, tokens, security keys and bypass codes, and end his sessions here.",
			one, helpdesk.ActionUserReset, resetUser),
		removes("users.delete", "Delete a user, his bypass codes and his ties to phones.", one, helpdesk.ActionUserDelete, deleteUser),
	}
}

func createUser(ctx context.Context, r *request, b userCreate) (Result, error) {
	if b.Username == "" {
		return Result{}, parameterError("username", "is missing")
	}
	params := b.params()
	params.Username = b.Username
	return gives(func(ctx context.Context, a *duoclient.Admin) (*duoclient.User, error) {
		return a.Users.Create(ctx, params)
	}, func(do effect) error {
		return r.acts(ctx, r.order(b.why), helpdesk.ActionUserCreate, b.Username, do)
	})
}

func updateUser(ctx context.Context, r *request, b userUpdate) (Result, error) {
	params := b.params()
	params.Username, params.Clear = b.Username, slices.Clone(b.Clear)
	return gives(func(ctx context.Context, a *duoclient.Admin) (*duoclient.User, error) {
		return a.Users.Update(ctx, r.ID["user_id"], params)
	}, func(do effect) error {
		return r.toUser(ctx, r.order(b.why), helpdesk.ActionUserUpdate, do, "new_username", b.Username)
	})
}

func setStatus(ctx context.Context, r *request, b userStatus) (Result, error) {
	if b.Status == "" {
		return Result{}, parameterError("status", "is missing")
	}
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return Result{}, err
	}
	s, status := helpdesk.Subject{UserID: r.ID["user_id"]}, duoclient.UserStatus(b.Status)
	if b.ValidSecs == nil {
		user, err := org.SetStatus(ctx, r.order(b.why), s, status)
		return Result{Value: user}, err
	}
	if status != duoclient.UserBypass {
		return Result{}, parameterError("valid_secs", "goes with the status bypass")
	}
	span, err := helpdesk.NewSpan(seconds(*b.ValidSecs))
	if err != nil {
		return Result{}, parameterError("valid_secs", "must be 300 to 604800")
	}
	user, _, err := org.Bypass(ctx, r.order(b.why), s, span)
	return Result{Value: user}, err
}

// reset is what a reset took away.
type reset struct {
	Organization string `json:"organization"`
	UserID       string `json:"user_id"`
	Username     string `json:"username"`
	Phones       int    `json:"phones"`
	Tokens       int    `json:"tokens"`
	SecurityKeys int    `json:"security_keys"`
	BypassCodes  int    `json:"bypass_codes"`
	Sessions     int    `json:"sessions"`
}

func resetUser(ctx context.Context, r *request, b userReset) (Result, error) {
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return Result{}, err
	}
	done, err := org.Reset(ctx, r.order(b.why), helpdesk.Subject{UserID: r.ID["user_id"]})
	return Result{Value: reset{
		Organization: done.Org, UserID: done.UserID, Username: done.Username, Phones: done.Phones, Tokens: done.Tokens,
		SecurityKeys: done.SecurityKeys, BypassCodes: done.Codes, Sessions: done.Sessions,
	}}, err
}

func deleteUser(ctx context.Context, r *request) error {
	return r.toUser(ctx, r.queryOrder(), helpdesk.ActionUserDelete, func(ctx context.Context, a *duoclient.Admin) error {
		return a.Users.Delete(ctx, r.ID["user_id"])
	})
}

func syncUser(ctx context.Context, r *request, b userSync) (Result, error) {
	if b.Username == "" {
		return Result{}, parameterError("username", "is missing")
	}
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return Result{}, err
	}
	return Result{}, org.Sync(ctx, r.order(b.why), b.Username, b.DirectoryKey)
}

// enrolment is how far somebody is, with links that are told this once.
type enrolment struct {
	Organization      string     `json:"organization"`
	UserID            string     `json:"user_id"`
	Username          string     `json:"username"`
	PhoneID           string     `json:"phone_id,omitempty"`
	Steps             []step     `json:"steps"`
	ActivationURL     string     `json:"activation_url,omitempty"`
	ActivationBarcode string     `json:"activation_barcode,omitempty"`
	InstallationURL   string     `json:"installation_url,omitempty"`
	Expires           *time.Time `json:"expires,omitempty"`
}

type step struct {
	Name  string `json:"name"`
	State string `json:"state"`
	ID    string `json:"id,omitempty"`
}

func enrollUser(ctx context.Context, r *request, b userEnroll) (Result, error) {
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return Result{}, err
	}
	request := helpdesk.EnrolRequest{
		Order: r.order(b.why), Username: b.Username, Realname: b.Realname, Email: b.Email,
		Phone: b.Phone, Extension: b.Extension, Platform: b.Platform, PhoneName: b.PhoneName, PhoneID: b.PhoneID,
		Shared: b.Shared, Deliver: helpdesk.Delivery(b.Deliver), Install: b.Install,
	}
	if request.Valid, err = activationLife(b.ValidSecs); err != nil {
		return Result{}, err
	}
	e, err := org.Enrol(ctx, request)
	if err != nil {
		return Result{}, err
	}
	out := enrolment{
		Organization: e.Org, UserID: e.UserID, Username: e.Username, PhoneID: e.PhoneID,
		ActivationURL: e.ActivationURL.Reveal(), ActivationBarcode: e.ActivationBarcode.Reveal(),
		InstallationURL: e.InstallationURL, Expires: instant(e.Expires),
	}
	for _, s := range e.Steps {
		out.Steps = append(out.Steps, step{Name: string(s.Name), State: string(s.State), ID: s.ID})
	}
	return Result{Value: tell(out)}, nil
}

// activationLife reads the life of a link; absent is zero, which is the
// default.
func activationLife(secs *int64) (time.Duration, error) {
	if secs == nil {
		return 0, nil
	}
	life := seconds(*secs)
	if life < helpdesk.ShortestActivation || life > helpdesk.LongestActivation {
		return 0, parameterError("valid_secs", "must be 600 to 604800")
	}
	return life, nil
}

// seconds is a duration that no number overflows.
func seconds(n int64) time.Duration {
	const most = 1_000_000_000
	return time.Duration(max(-most, min(n, most))) * time.Second
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
