package portal_test

import (
	"context"
	"net/netip"

	"mfaserver/internal/primary"
)

// notes hears of logins and knows no users.
type notes struct{}

func (notes) NoteLogin(context.Context, string, netip.Addr) error { return nil }

func (notes) Get(context.Context, string) (primary.User, error) {
	return primary.User{}, primary.ErrUserUnknown
}

func (notes) GetID(context.Context, int) (primary.User, error) {
	return primary.User{}, primary.ErrUserUnknown
}

func (notes) List(context.Context) ([]primary.User, error) { return nil, nil }
