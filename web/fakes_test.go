package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/mfa"
	"mfaserver/session"
)

// world is everything behind the server, scripted by each test.
type world struct {
	mu sync.Mutex

	users        []primary.User
	authenticate func(primary.Attempt) (primary.Result, error)
	begin        func(mfa.BeginRequest) (mfa.Begun, error)
	redeem       func(mfa.RedeemRequest) (*mfa.Grant, error)
	view         func(state string, c mfa.Client) (mfa.View, error)
	accounts     mfa.Accounts // nil: nobody is asked
	startErr     error
	loadErr      error
	endErr       error
	recordErr    error
	directoryErr error

	attempts  []primary.Attempt
	begun     []mfa.BeginRequest
	redeemed  []mfa.RedeemRequest
	denied    []string
	started   []session.Session
	abandoned []session.Key
	noted     []string
	events    []audit.Event
	sessions  map[string]session.Session
	log       *strings.Builder
}

func newWorld() *world {
	return &world{
		users: []primary.User{
			{ID: 1, Username: "admin", Role: primary.RoleAdmin, LastLogin: time.UnixMilli(1795308772474)},
			{ID: 2, Username: "duo1", Email: "duo1@example.org", FirstName: "F", LastName: "L & M", LastLogin: time.UnixMilli(1795309733291)},
		},
		sessions: map[string]session.Session{goodID: {Key: session.KeyOf(goodID), UserID: 1, Username: "admin"}},
		log:      &strings.Builder{},
	}
}

func (w *world) Authenticate(ctx context.Context, a primary.Attempt) (primary.Result, error) {
	w.mu.Lock()
	w.attempts = append(w.attempts, a)
	w.mu.Unlock()
	if w.authenticate != nil {
		return w.authenticate(a)
	}
	if a.Password.Reveal() != "right" {
		return primary.Result{}, primary.ErrRefused
	}
	u, err := w.Get(ctx, a.Username)
	if err != nil {
		return primary.Result{}, primary.ErrRefused
	}
	return primary.Result{User: u, Status: primary.StatusSuccess}, nil
}

func (w *world) Get(_ context.Context, name string) (primary.User, error) {
	for _, u := range w.users {
		if u.Username == name {
			return u, w.directoryErr
		}
	}
	return primary.User{}, errors.Join(w.directoryErr, primary.ErrUserUnknown)
}

func (w *world) GetID(_ context.Context, id int) (primary.User, error) {
	for _, u := range w.users {
		if u.ID == id {
			return u, w.directoryErr
		}
	}
	return primary.User{}, primary.ErrUserUnknown
}

func (w *world) Begin(_ context.Context, r mfa.BeginRequest) (mfa.Begun, error) {
	w.mu.Lock()
	w.begun = append(w.begun, r)
	w.mu.Unlock()
	if w.begin != nil {
		return w.begin(r)
	}
	return mfa.Begun{Challenge: &mfa.Challenge{
		AuthURL: authURL, RedirectURI: r.RedirectURI, Primary: r.Primary, Binding: "binding-value", ExpiresAt: noon.Add(10 * time.Minute),
	}}, nil
}

func (w *world) Redeem(_ context.Context, r mfa.RedeemRequest) (*mfa.Grant, error) {
	w.mu.Lock()
	w.redeemed = append(w.redeemed, r)
	w.mu.Unlock()
	if w.redeem != nil {
		return w.redeem(r)
	}
	return &mfa.Grant{Username: "admin", UserID: 1, Primary: "SUCCESS", Transaction: "abc", Factor: "duo_push"}, nil
}

func (w *world) View(_ context.Context, st string, c mfa.Client) (mfa.View, error) {
	if w.view != nil {
		return w.view(st, c)
	}
	if st != state {
		return mfa.View{}, errors.Join(mfa.ErrRefused, mfa.ErrUnknownState)
	}
	return goodView(), nil
}

func goodView() mfa.View {
	return mfa.View{
		Username: "admin", Primary: "SUCCESS", RedirectURI: redirect, StartedAt: noon, ExpiresAt: noon.Add(10 * time.Minute),
		Addr: "127.0.0.1", UserAgent: "curl/7.88.1", Phase: mfa.Pending, SameClient: true,
	}
}

func (w *world) Deny(_ context.Context, st string, _ mfa.Client) error {
	if st != state {
		return errors.Join(mfa.ErrRefused, mfa.ErrUnknownState)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.denied = append(w.denied, st)
	return nil
}

func (w *world) Start(_ context.Context, rw http.ResponseWriter, _ *http.Request, s session.Session) (session.Session, error) {
	if w.startErr != nil {
		return session.Session{}, w.startErr
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Key = session.KeyOf("new-session-id")
	w.started = append(w.started, s)
	w.sessions["new-session-id"] = s
	http.SetCookie(rw, &http.Cookie{Name: "JSESSIONID", Value: "new-session-id", Path: "/api", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return s, nil
}

func (w *world) Load(r *http.Request) (session.Session, error) {
	if w.loadErr != nil {
		return session.Session{}, w.loadErr
	}
	c, err := r.Cookie("JSESSIONID")
	if err != nil {
		return session.Session{}, session.ErrNoCookie
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sessions[c.Value]
	if !ok {
		return session.Session{}, session.ErrNotFound
	}
	return s, nil
}

func (w *world) End(_ context.Context, rw http.ResponseWriter, r *http.Request) (session.Session, error) {
	s, err := w.Load(r)
	if err != nil {
		return s, err
	}
	if w.endErr != nil {
		return s, w.endErr
	}
	http.SetCookie(rw, &http.Cookie{Name: "JSESSIONID", Path: "/api", MaxAge: -1, Secure: true, HttpOnly: true})
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sessions, goodID)
	return s, nil
}

func (w *world) Abandon(_ context.Context, k session.Key) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned = append(w.abandoned, k)
	return nil
}

func (w *world) NoteLogin(_ context.Context, name string, _ netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted = append(w.noted, name)
	return nil
}

func (w *world) Record(_ context.Context, e audit.Event) error {
	if err := errors.Join(w.recordErr, e.Validate()); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	return nil
}

func (w *world) names() []audit.Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []audit.Name
	for _, e := range w.events {
		names = append(names, e.Name)
	}
	return names
}

// directory and keeper have methods of the same names, so they are apart.
type directory struct{ *world }

func (d directory) List(context.Context) ([]primary.User, error) { return d.users, d.directoryErr }

type keeper struct{ *world }

func (k keeper) List(_ context.Context, name string) ([]session.Session, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []session.Session
	for _, s := range k.sessions {
		if s.Username == name {
			list = append(list, s)
		}
	}
	return list, nil
}

// lockedWriter lets the log be read while requests write it.
type lockedWriter struct{ w *world }

func (l lockedWriter) Write(b []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.log.Write(b)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}
