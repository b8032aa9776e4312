package helpdesk

import (
	"context"
	"fmt"
	"sync"

	"mfaserver/duoclient"
)

// accountsAPI is the one Accounts API application. Its list of children is
// kept, for a round over all organisations would ask for it each time.
type accountsAPI struct {
	config  *duoclient.APIConfig
	options []duoclient.Option

	mu       sync.Mutex
	made     *duoclient.Accounts          // guarded by mu
	children map[string]duoclient.Account // guarded by mu; by account ID
}

func (a *accountsAPI) client() (*duoclient.Accounts, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.locked()
}

func (a *accountsAPI) locked() (*duoclient.Accounts, error) {
	if a.config == nil {
		return nil, fmt.Errorf("%w: there is no Accounts API application (duo.accounts)", ErrNoCredentials)
	}
	if a.made == nil {
		made, err := duoclient.NewAccounts(*a.config, a.options...)
		if err != nil {
			return nil, fmt.Errorf("helpdesk: Accounts API: %w", err)
		}
		a.made = made
	}
	return a.made, nil
}

// find gives the child account, asking for the list when it is not known.
func (a *accountsAPI) find(ctx context.Context, accountID string) (duoclient.Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if child, ok := a.children[accountID]; ok {
		return child, nil
	}
	client, err := a.locked()
	if err != nil {
		return duoclient.Account{}, err
	}
	all, err := client.List(ctx)
	if err != nil {
		return duoclient.Account{}, err
	}
	a.children = make(map[string]duoclient.Account, len(all))
	for _, child := range all {
		a.children[child.AccountID] = child
	}
	child, ok := a.children[accountID]
	if !ok {
		return duoclient.Account{}, fmt.Errorf("%w: %s is not among its %d accounts; `mfaserver duo orgs discover` lists them",
			ErrNoChild, accountID, len(all))
	}
	return child, nil
}

func (a *accountsAPI) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made != nil {
		a.made.Close()
	}
}

// Accounts is the client of the Accounts API, or [ErrNoCredentials].
func (d *Desk) Accounts() (*duoclient.Accounts, error) { return d.accounts.client() }
