package model_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// duoFake is Duo. It knows every prompt, gives each of them one code, and
// counts what is done with the codes.
type duoFake struct {
	g *gate

	mu      sync.Mutex
	prompts []duoclient.AuthRequest
	// answer is what comes of the next exchanges, phone of the next questions.
	answer, phone string
	// seen counts the exchanges that reached Duo, by code; asked the phones
	// that rang.
	seen  map[string]int
	first map[string]time.Time
	total int
	asked int
	now   func() time.Time
}

// What Duo answers to a code.
const (
	approves = "approve"
	denies   = "deny"
	bypasses = "bypass"
	cutOff   = "cut off"
	notSent  = "not sent"
)

func newDuo(g *gate, now func() time.Time) *duoFake {
	return &duoFake{g: g, answer: approves, phone: approves, seen: make(map[string]int), first: make(map[string]time.Time), now: now}
}

// codeOf is the code that Duo hands out at the prompt of a state.
func codeOf(state string) string { return "Code-" + state }

func (d *duoFake) HealthCheck(context.Context) (duoclient.Health, error) {
	return through(d.g, duo, "health", func() (duoclient.Health, error) { return duoclient.Health{}, nil })
}

func (d *duoFake) AuthURL(r duoclient.AuthRequest) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prompts = append(d.prompts, r)
	return "https://duo.example/oauth/v1/authorize?" + url.Values{"state": {r.State}}.Encode(), nil
}

func (d *duoFake) SecretID() duoclient.SecretID { return duoclient.SecretID{1} }

func (d *duoFake) Exchange(_ context.Context, q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
	id, err := through(d.g, duo, "exchange", func() (*duoclient.Identity, error) { return d.exchange(q) })
	if errors.Is(err, errFault) || errors.Is(err, errDead) {
		return nil, fmt.Errorf("%w: %w", duoclient.ErrOutage, err) // whether it was sent nobody knows
	}
	return id, err
}

func (d *duoFake) exchange(q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answer == notSent {
		return nil, errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage)
	}
	d.total++
	if first := d.first[q.Code]; d.seen[q.Code] > 0 && d.now().Sub(first) >= lifetime {
		return nil, duoclient.ErrCodeRefused // codes do not live that long
	}
	if d.seen[q.Code]++; d.seen[q.Code] == 1 {
		d.first[q.Code] = d.now()
	}
	i := slices.IndexFunc(d.prompts, func(p duoclient.AuthRequest) bool { return q.Code == codeOf(p.State) })
	switch {
	case d.answer == cutOff:
		return nil, duoclient.ErrOutage
	case d.answer == denies || i < 0 || d.seen[q.Code] > 1:
		return nil, duoclient.ErrCodeRefused
	case d.prompts[i].Nonce != q.Nonce || d.prompts[i].Username != q.Username:
		return nil, duoclient.ErrBadToken
	}
	id := mfatest.Approved(q)
	if d.answer == bypasses {
		id.Context.Reason = "bypass_user"
	}
	return id, nil
}

func (d *duoFake) Preauth(context.Context, string, netip.Addr) (mfa.PreauthResult, error) {
	return through(d.g, duo, "preauth", func() (mfa.PreauthResult, error) { return mfa.PreauthAuth, nil })
}

func (d *duoFake) Prove(_ context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
	r, err := through(d.g, duo, "prove", func() (mfa.ProofResult, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked++
		switch d.phone {
		case approves:
			return mfa.ProofResult{Result: "allow", Status: "allow", TxID: mfatest.ProofTxID}, nil
		case bypasses:
			return mfa.ProofResult{Result: "allow", Status: "bypass", TxID: mfatest.ProofTxID}, nil
		case cutOff:
			return mfa.ProofResult{}, duoclient.ErrOutage
		default:
			return mfa.ProofResult{Result: "deny", Status: "deny", TxID: mfatest.ProofTxID}, nil
		}
	})
	if errors.Is(err, errFault) || errors.Is(err, errDead) {
		return r, fmt.Errorf("%w: %w", duoclient.ErrOutage, err)
	}
	return r, err
}

// since are the prompts made after the first n.
func (d *duoFake) since(n int) []duoclient.AuthRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.prompts[n:])
}

func (d *duoFake) exchanges() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

func (d *duoFake) phones() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// twice is a code that Duo saw more than once; empty when there is none.
func (d *duoFake) twice() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for code, times := range d.seen {
		if times > 1 {
			return code
		}
	}
	return ""
}

func (d *duoFake) set(answer, phone string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer, d.phone = answer, phone
}
