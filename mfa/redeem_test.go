package mfa_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

func TestRedeemGrantsWhatTheTransactionSays(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) {
		c.DuoUsername = func(name string) (string, error) { return name + "@duo", nil }
	})
	b := asUser("alice")
	b.Typed, b.Primary, b.Administrator, b.Message = "Alice", grace, true, "expires soon"
	l := r.begin(t, b)
	r.clock.Add(time.Minute)
	g := r.redeems(t, l.second)
	want := mfa.Grant{
		Username: "alice", UserID: 7, Administrator: true, Primary: grace, Message: "expires soon", Carry: b.Carry,
		Transaction: l.begun.Transaction, Factor: "duo_push", Reason: "user_approved", Device: "phone (…0100)",
		TxID: "8f4a6a2e-6b8a-4f0e-9a2c-6f0c0c9b8f11", At: epoch.Add(time.Minute), CheckedAt: epoch,
		ApprovedAt: epoch.Add(time.Minute),
	}
	if fmt.Sprintf("%+v", *g) != fmt.Sprintf("%+v", want) {
		t.Errorf("grant is\n%+v\nwant\n%+v", *g, want)
	}
	asked := r.duo.Exchanges()[0]
	wantAsked := duoclient.ExchangeRequest{
		Code: l.second.Code, Username: "alice@duo", Nonce: r.duo.Prompts()[0].Nonce, RedirectURI: callback, NotBefore: epoch,
		Secret: r.duo.SecretID(),
	}
	if asked != wantAsked {
		t.Errorf("Duo was asked %+v, want %+v", asked, wantAsked)
	}
	e := r.wantLast(t, audit.MFAAllowed, audit.OK, "")
	if e.Username != "alice" || e.Detail["factor"] != "duo_push" || e.Detail["reason"] != "user_approved" || e.Detail["txid"] != want.TxID {
		t.Errorf("record is %+v, want user, factor, reason and txid", e)
	}
	r.wantPhase(t, l.state, mfa.Redeemed)
	r.wantReleased(t)
	tx, err := r.memory.Find(t.Context(), mfa.KeyOf(l.state))
	if err != nil || len(tx.Carry) != 0 {
		t.Errorf("the store keeps carry %q, %v, want none: the grant has it", tx.Carry, err)
	}
}

// wrongFields are second calls with one field that is not the transaction's.
var wrongFields = []struct {
	name   string
	change func(*mfa.RedeemRequest)
	rule   error
	event  audit.Name
	reason string
}{
	// Threat T063: names swapped.
	{"form of another user", func(q *mfa.RedeemRequest) { q.FormUsername = "admin" }, mfa.ErrUserMismatch, audit.LoginDataUser, "form"},
	{"header of another user", func(q *mfa.RedeemRequest) { q.HeaderUsername = []string{"admin"} }, mfa.ErrUserMismatch, audit.LoginDataUser, "header"},
	{"both of another user", func(q *mfa.RedeemRequest) { q.FormUsername, q.HeaderUsername = "admin", []string{"admin"} }, mfa.ErrUserMismatch, audit.LoginDataUser, "form"},
	{"no header reading", func(q *mfa.RedeemRequest) { q.HeaderUsername = nil }, mfa.ErrUserMismatch, audit.LoginDataUser, "header"},
	{"empty form", func(q *mfa.RedeemRequest) { q.FormUsername = "" }, mfa.ErrUserMismatch, audit.LoginDataUser, "form"},
	{"empty header", func(q *mfa.RedeemRequest) { q.HeaderUsername = []string{""} }, mfa.ErrUserMismatch, audit.LoginDataUser, "header"},
	// Threat T064: nearly the same name.
	{"capitals", func(q *mfa.RedeemRequest) { q.FormUsername = "ALICE" }, mfa.ErrUserMismatch, audit.LoginDataUser, "form"},
	{"space", func(q *mfa.RedeemRequest) { q.FormUsername = "alice " }, mfa.ErrUserMismatch, audit.LoginDataUser, "form"},
	{"domain", func(q *mfa.RedeemRequest) { q.FormUsername = `corp\alice` }, mfa.ErrUserMismatch, audit.LoginDataUser, "form"},
	{"full width", func(q *mfa.RedeemRequest) { q.HeaderUsername = []string{"ａｌｉｃｅ"} }, mfa.ErrUserMismatch, audit.LoginDataUser, "header"},
	// Threat T062: primary status forged.
	{"plain success", func(q *mfa.RedeemRequest) { q.Primary = granted }, mfa.ErrStatusMismatch, audit.LoginDataStatus, ""},
	{"failure", func(q *mfa.RedeemRequest) { q.Primary = "FAIL" }, mfa.ErrStatusMismatch, audit.LoginDataStatus, ""},
	{"lower-case status", func(q *mfa.RedeemRequest) { q.Primary = "success_grace_period" }, mfa.ErrStatusMismatch, audit.LoginDataStatus, ""},
	{"status and space", func(q *mfa.RedeemRequest) { q.Primary = grace + " " }, mfa.ErrStatusMismatch, audit.LoginDataStatus, ""},
	{"made-up status", func(q *mfa.RedeemRequest) { q.Primary = "ADMIN" }, mfa.ErrStatusMismatch, audit.LoginDataStatus, ""},
	{"empty status", func(q *mfa.RedeemRequest) { q.Primary = "" }, mfa.ErrStatusMismatch, audit.LoginDataStatus, ""},
	// Threat T061: redirect URI forged.
	{"other host", func(q *mfa.RedeemRequest) { q.RedirectURI = strings.Replace(callback, "mirth", "evil", 1) }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"other base", func(q *mfa.RedeemRequest) { q.RedirectURI = strings.Replace(callback, ":8443", "", 1) }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"other port", func(q *mfa.RedeemRequest) { q.RedirectURI = strings.Replace(callback, ":8443", ":443", 1) }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"other version", func(q *mfa.RedeemRequest) { q.RedirectURI = strings.Replace(callback, "4.5.2", "4.5.3", 1) }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"slash", func(q *mfa.RedeemRequest) { q.RedirectURI += "/" }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"space after", func(q *mfa.RedeemRequest) { q.RedirectURI += " " }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"capital host", func(q *mfa.RedeemRequest) { q.RedirectURI = strings.Replace(callback, "mirth", "Mirth", 1) }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
	{"empty URI", func(q *mfa.RedeemRequest) { q.RedirectURI = "" }, mfa.ErrRedirectMismatch, audit.LoginDataRedirect, ""},
}

// Threats T061-T064: a wrong field is refused without asking Duo, two are
// forgiven, the third burns.
func TestWrongFields(t *testing.T) {
	t.Parallel()
	for _, tt := range wrongFields {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			b := asUser("alice")
			b.Primary = grace
			forgiven, burned := r.begin(t, b), r.begin(t, b)
			for range 2 {
				r.refuses(t, forgiven.with(tt.change), mfa.ErrRefused, tt.rule)
				r.wantLast(t, tt.event, audit.Refused, tt.reason)
				r.refuses(t, burned.with(tt.change), mfa.ErrRefused, tt.rule)
			}
			r.refuses(t, burned.with(tt.change), mfa.ErrRefused, tt.rule)
			r.wantLast(t, audit.LoginDataBurned, audit.Refused, "misses")
			r.wantReleased(t, string(b.Carry))
			r.refuses(t, burned.second, mfa.ErrRefused, mfa.ErrNotPending)
			r.wantExchanges(t, 0)
			if g := r.redeems(t, forgiven.second); g.Primary != grace || g.Username != "alice" {
				t.Errorf("grant is %+v, want alice in her grace period", g)
			}
		})
	}
}

// Threat T063: only when form, header and transaction name the same user is
// there a grant, and it is the transaction's.
func TestUsernameMatrix(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"eve", "admin"} {
		for _, header := range []string{"eve", "admin"} {
			for _, owner := range []string{"eve", "admin"} {
				r := newRig(t)
				l := r.begin(t, asUser(owner))
				g, err := r.Redeem(t.Context(), l.with(func(q *mfa.RedeemRequest) {
					q.FormUsername, q.HeaderUsername = form, []string{header}
				}))
				if form == owner && header == owner {
					if err != nil || g.Username != owner {
						t.Errorf("form %s, header %s, transaction %s: %+v, %v, want a grant", form, header, owner, g, err)
					}
					continue
				}
				matches(t, "Redeem", err, mfa.ErrRefused, mfa.ErrUserMismatch)
			}
		}
	}
}

// Threat T064: the name typed and the canonical name are both the user's;
// threat T058: one reading of the header is enough.
func TestNamesThatAgree(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		canonical string
		typed     string
		form      string
		header    []string
	}{
		{"typed twice", "alice", "Alice", "Alice", []string{"Alice"}},
		{"canonical twice", "alice", "Alice", "alice", []string{"alice"}},
		{"one each", "alice", "Alice", "Alice", []string{"alice"}},
		{"Latin-1 reading", "josé", "josé", "josé", []string{"jos\xe9", "josé"}},
		// Threat T053: colons are letters like others.
		{"colons", "a:b:c", "a:b:c", "a:b:c", []string{"a:b:c"}},
		{"only a colon", ":", ":", ":", []string{":"}},
		{"looks like login data", "x:SUCCESS:c:s:b", "x:SUCCESS:c:s:b", "x:SUCCESS:c:s:b", []string{"x:SUCCESS:c:s:b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			b := asUser(tt.canonical)
			b.Typed = tt.typed
			l := r.begin(t, b)
			g := r.redeems(t, l.with(func(q *mfa.RedeemRequest) { q.FormUsername, q.HeaderUsername = tt.form, tt.header }))
			if g.Username != tt.canonical {
				t.Errorf("grant is for %q, want %q", g.Username, tt.canonical)
			}
		})
	}
}

// Threat T053: a part of a name with colons is another name.
func TestPartsOfAName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("a:b"))
	r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.HeaderUsername = []string{"a"} }), mfa.ErrRefused, mfa.ErrUserMismatch)
	r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.FormUsername = "b" }), mfa.ErrRefused, mfa.ErrUserMismatch)
	if g := r.redeems(t, l.second); g.Username != "a:b" {
		t.Errorf("grant is for %q, want a:b", g.Username)
	}
}

// Threats T074, T081: a state that nobody made changes nothing and never
// reaches Duo.
func TestUnknownStates(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	for _, state := range []string{"", " ", l.state + " ", l.state[1:], strings.ToUpper(l.state), strings.Repeat("0", 36)} {
		r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.State = state }), mfa.ErrRefused, mfa.ErrUnknownState)
		if e := r.wantLast(t, audit.LoginDataUnknown, audit.Refused, ""); e.Username != "" || e.UnknownUsername != "alice" || e.Transaction != "" {
			t.Errorf("record is %+v, want an unknown name", e)
		}
	}
	r.wantExchanges(t, 0)
	r.redeems(t, l.second)
}

// Threat T073: the second call comes from the client of the first; anybody
// else changes nothing, however often (threat T067).
func TestBindingOfTheSecondCall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		first, second mfa.Client // the binding is that of the first call when it is "own"
		ok            bool
	}{
		{"same address, no cookie", from("192.0.2.1"), from("192.0.2.1"), true},
		{"same address, mapped", from("192.0.2.1"), from("::ffff:192.0.2.1"), true},
		{"same address, wrong cookie", from("192.0.2.1"), cookie(from("192.0.2.1"), "someone's"), true},
		{"another address, cookie", from("192.0.2.1"), cookie(from("198.51.100.9"), "own"), true},
		{"another address, IPv6, cookie", from("192.0.2.1"), cookie(from("2001:db8::9"), "own"), true},
		{"another address", from("192.0.2.1"), from("198.51.100.9"), false},
		{"neighbour", from("192.0.2.1"), from("192.0.2.2"), false},
		{"another address, wrong cookie", from("192.0.2.1"), cookie(from("198.51.100.9"), "someone's"), false},
		{"same address, but the second proves nothing", from("192.0.2.1"), forwarded(from("192.0.2.1")), false},
		{"same address, but the first proves nothing", forwarded(from("192.0.2.1")), from("192.0.2.1"), false},
		{"addresses prove nothing, cookie", forwarded(from("192.0.2.1")), cookie(forwarded(from("192.0.2.1")), "own"), true},
		{"no addresses", mfa.Client{}, mfa.Client{}, false},
		{"no addresses, cookie", mfa.Client{}, cookie(mfa.Client{}, "own"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			b := asUser("alice")
			b.Client = tt.first
			l := r.begin(t, b)
			own := cookie(tt.first, l.begun.Binding)
			if tt.second.Binding == "own" {
				tt.second.Binding = l.begun.Binding
			}
			try := l.with(func(q *mfa.RedeemRequest) { q.Client = tt.second })
			if tt.ok {
				r.redeems(t, try)
				return
			}
			for range 5 {
				r.refuses(t, try, mfa.ErrRefused, mfa.ErrBinding)
				r.wantLast(t, audit.LoginDataBinding, audit.Refused, "")
			}
			wrong := try
			wrong.FormUsername = "mallory"
			r.refuses(t, wrong, mfa.ErrRefused, mfa.ErrBinding)
			r.wantExchanges(t, 0)
			r.redeems(t, l.with(func(q *mfa.RedeemRequest) { q.Client = own }))
		})
	}
}

func cookie(c mfa.Client, binding string) mfa.Client {
	c.Binding = binding
	return c
}

func forwarded(c mfa.Client) mfa.Client {
	c.Forwarded = true
	return c
}

// Threats T038, T068: a login lives until exactly its limit, whether anybody
// sweeps or not; threat T124: a clock set back revives nothing.
func TestLifetimeAtTheLimit(t *testing.T) {
	t.Parallel()
	for _, enrol := range []bool{false, true} {
		r := newRig(t)
		b := asUser("alice")
		b.AllowEnrolment = enrol
		life := 10 * time.Minute
		if enrol {
			life = 15 * time.Minute
		}
		late, good := r.begin(t, b), r.begin(t, b)
		r.clock.Add(life - time.Millisecond)
		r.redeems(t, good.second)
		r.clock.Add(time.Millisecond)
		r.refuses(t, late.second, mfa.ErrRefused, mfa.ErrExpired)
		r.wantLast(t, audit.LoginDataExpired, audit.Refused, "")
		r.wantReleased(t, string(b.Carry))
		r.clock.Add(-time.Minute)
		r.refuses(t, late.second, mfa.ErrRefused, mfa.ErrNotPending)
		r.wantExchanges(t, 1)
	}
}

// Threat T124: after a restart with the clock an hour back nothing lives
// longer; a minute is forgiven between nodes (fault R25).
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	r.clock.Add(-time.Hour)
	if _, err := r.View(t.Context(), l.state, l.second.Client); err == nil {
		t.Error("View = nil, want ErrExpired")
	}
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrExpired)
	l = r.begin(t, asUser("alice"))
	r.clock.Add(-time.Minute)
	r.redeems(t, l.second)
}

// Threat T066: a repeated second call is recorded; the session of the first
// one is nobody's business here.
func TestReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	r.redeems(t, l.second)
	thief := l.with(func(q *mfa.RedeemRequest) { q.Client = from("198.51.100.9") })
	for _, wait := range []time.Duration{0, time.Second, 30 * time.Second, 15 * time.Minute} {
		r.clock.Add(wait)
		for _, q := range []mfa.RedeemRequest{l.second, thief} {
			r.refuses(t, q, mfa.ErrRefused, mfa.ErrNotPending)
			r.wantLast(t, audit.MFAReplay, audit.Refused, "redeemed")
		}
	}
	r.wantExchanges(t, 1)
	r.wantReleased(t)
}

// Threat T031: two logins of one browser are independent until one is done.
func TestSiblingsEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.begin(t, asUser("alice"))
	b := asUser("alice")
	b.Client.Binding, b.Carry = first.begun.Binding, mfa.Carry("second")
	second := r.begin(t, b)
	alone := r.begin(t, asUser("alice"))
	g := r.redeems(t, second.second)
	if string(g.Carry) != "second" {
		t.Errorf("grant carries %q, want that of the second login", g.Carry)
	}
	e := r.wantLast(t, audit.MFAAllowed, audit.OK, "")
	if e.Detail["siblings_burned"] != first.begun.Transaction {
		t.Errorf("record says %q burned, want %q", e.Detail["siblings_burned"], first.begun.Transaction)
	}
	r.wantReleased(t, "upstream session of alice")
	r.refuses(t, first.second, mfa.ErrRefused, mfa.ErrNotPending)
	r.redeems(t, alone.second)
}

// Faults R16, R25: the clocks of nodes differ. Half a minute changes a login's
// life by no more than that; a node whose clock is two minutes behind accepts
// nothing that another one began, and one that is ahead nothing that is over by
// its own clock.
func TestNodesWithDifferentClocks(t *testing.T) {
	t.Parallel()
	const life = 10 * time.Minute
	for _, row := range []struct {
		name       string
		off, after time.Duration // the other node's clock, and when the second call comes
		works      bool
	}{
		{"half a minute ahead", 30 * time.Second, life - 30*time.Second - 1, true},
		{"half a minute ahead, at its end", 30 * time.Second, life - 30*time.Second, false},
		{"half a minute behind", -30 * time.Second, life + 30*time.Second - 1, true},
		{"half a minute behind, at its end", -30 * time.Second, life + 30*time.Second, false},
		{"two minutes behind", -2 * time.Minute, time.Second, false},
		{"an hour ahead", time.Hour, time.Second, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			l := r.begin(t, asUser("alice"))
			c := r.config
			c.Now = func() time.Time { return r.clock.Now().Add(row.off) }
			other, err := mfa.New(c)
			if err != nil {
				t.Fatal(err)
			}
			r.clock.Add(row.after)
			grant, err := other.Redeem(t.Context(), l.second)
			if row.works != (err == nil) || row.works != (grant != nil) {
				t.Errorf("Redeem = %v, %v, want that it works: %t", grant, err, row.works)
			}
			if !row.works && !errors.Is(err, mfa.ErrExpired) {
				t.Errorf("Redeem = %v, want ErrExpired", err)
			}
		})
	}
}

// Threats T063, T067: a login that is over is told as such whatever else is
// wrong; and nothing that is empty is anybody's.
func TestRedeemEndedAndEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	r.clock.Add(10 * time.Minute)
	r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.FormUsername = "eve" }), mfa.ErrRefused, mfa.ErrExpired)
	r.wantPhase(t, l.state, mfa.Burned)

	l = r.begin(t, asUser("alice"))
	stored, err := r.memory.Find(t.Context(), mfa.KeyOf(l.state))
	if err != nil {
		t.Fatalf("Find = %v, want nil", err)
	}
	for name, change := range map[string]func(*mfa.Transaction, *mfa.RedeemRequest) error{
		"state": func(tx *mfa.Transaction, q *mfa.RedeemRequest) error {
			tx.Key, q.State = mfa.KeyOf(""), ""
			return mfa.ErrUnknownState
		},
		"name": func(tx *mfa.Transaction, q *mfa.RedeemRequest) error {
			tx.Key, tx.Typed, q.State, q.FormUsername = mfa.KeyOf("typed"), "", "typed", ""
			return mfa.ErrUserMismatch
		},
		"redirect URI": func(tx *mfa.Transaction, q *mfa.RedeemRequest) error {
			tx.Key, tx.RedirectURI, q.State, q.RedirectURI = mfa.KeyOf("uri"), "", "uri", ""
			return mfa.ErrRedirectMismatch
		},
	} {
		tx, want := stored, error(nil)
		q := l.with(func(q *mfa.RedeemRequest) { want = change(&tx, q) })
		if _, err := r.memory.Insert(t.Context(), tx, mfa.Limits{}, r.clock.Now()); err != nil {
			t.Fatalf("Insert = %v, want nil", err)
		}
		t.Log("empty ", name)
		r.refuses(t, q, mfa.ErrRefused, want)
	}
	r.wantExchanges(t, 0)
}
