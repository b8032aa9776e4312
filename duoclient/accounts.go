package duoclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// Accounts is the client of one application of type Accounts API: a parent
// account's way to its child accounts. It is safe for concurrent use and
// prints without its secrets. Errors of every call are those of [Auth].
type Accounts struct {
	api *api
	// child makes the client of a child account. A function, not the
	// configuration: that would print.
	child func(host, accountID string) (*Admin, error)
}

// NewAccounts checks c and builds the client; nothing is sent. Errors match
// [ErrConfig] and name every fault.
func NewAccounts(c APIConfig, opts ...Option) (*Accounts, error) {
	if c.AccountID != "" {
		return nil, fmt.Errorf("%w: the Accounts API takes no account ID; see Accounts.Admin", ErrConfig)
	}
	a, err := newAPI(c, opts)
	if err != nil {
		return nil, err
	}
	return &Accounts{api: a, child: func(host, accountID string) (*Admin, error) {
		c.APIHost, c.AccountID = host, accountID
		return NewAdmin(c, opts...)
	}}, nil
}

// APIHost is the configured host (host:port for a simulator).
func (a *Accounts) APIHost() string { return a.api.road.host }

// Close closes idle connections. Calls under way go on, and so do the clients
// of child accounts.
func (a *Accounts) Close() { a.api.close() }

// Account is a child account.
type Account struct {
	AccountID string `json:"account_id"`
	Name      string `json:"name"`
	APIHost   string `json:"api_hostname"`
	Extra     Extra  `json:"-"`
}

// List gives all child accounts: POST /accounts/v1/account/list. Duo does not
// page it.
func (a *Accounts) List(ctx context.Context) ([]Account, error) {
	op := put("/accounts/v1/account/list", nil)
	op.whole, op.limit = listTime, listBody
	e, err := a.api.do(ctx, op)
	if err != nil {
		return nil, err
	}
	all, ok := elements(e.response)
	if !ok {
		return nil, unexpected(op, "a list")
	}
	accounts := make([]Account, len(all))
	for i, raw := range all {
		if err := decode(raw, &accounts[i]); err != nil {
			return nil, unexpected(op, "a list of accounts")
		}
	}
	return accounts, nil
}

// Create makes a child account: POST /accounts/v1/account/create with name (1
// to 256 bytes). It is sent once.
func (a *Accounts) Create(ctx context.Context, name string) (*Account, error) {
	p := newParameters()
	p.needed("name", name, maxName)
	op := post("/accounts/v1/account/create", p)
	v, err := read[Account](ctx, a.api, op)
	if err == nil && v.AccountID == "" {
		return nil, unexpected(op, "an account: account_id is missing")
	}
	return v, err
}

// Delete removes a child account and everybody in it: POST
// /accounts/v1/account/delete with account_id. An account that is not a child
// is [ErrBadParameter] or [ErrNotFound]. It is sent once.
func (a *Accounts) Delete(ctx context.Context, accountID string) error {
	p := newParameters()
	p.key("account_id", accountID)
	return a.api.run(ctx, post("/accounts/v1/account/delete", p))
}

// Call makes any call below /accounts/ and gives its response as Duo sent it.
// params go into the query (GET, DELETE) or the body. GET and DELETE are asked
// again after 429 and 5xx, others never.
func (a *Accounts) Call(ctx context.Context, method, path string, params url.Values) (json.RawMessage, error) {
	raw, err := a.api.call(ctx, method, path, params, "/accounts/")
	return raw.Response, err
}

// Admin builds the Admin API client of a child account, with the same keys, on
// the child's own API host; nothing is sent. It has its own connections: close
// it when done. Errors match [ErrConfig]: a host that is not Duo's, an account
// without id.
func (a *Accounts) Admin(account Account) (*Admin, error) {
	if account.AccountID == "" {
		return nil, fmt.Errorf("%w: the child account has no account ID", ErrConfig)
	}
	return a.child(account.APIHost, account.AccountID)
}
