package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mfaserver/duoclient"
)

// Duo's ids: two letters for the kind, 18 more characters.
var (
	userID  = regexp.MustCompile(`^DU[0-9A-Z]{18}$`)
	phoneID = regexp.MustCompile(`^DP[0-9A-Z]{18}$`)
	groupID = regexp.MustCompile(`^DG[0-9A-Z]{18}$`)
)

// errAmbiguous: a name or number that more than one object has.
var errAmbiguous = errors.New("names more than one")

// notFound is the error for a name that Duo does not have.
func notFound(what, name string) error {
	return fmt.Errorf("%w: there is no %s %q", duoclient.ErrNotFound, what, printable(name))
}

// findUser takes a user's id or name.
func findUser(ctx context.Context, admin *duoclient.Admin, name string) (*duoclient.User, error) {
	find := admin.Users.ByName
	if userID.MatchString(name) {
		find = admin.Users.Get
	}
	user, err := find(ctx, name)
	if errors.Is(err, duoclient.ErrNotFound) {
		return nil, notFound("user", name)
	}
	return user, err
}

// findPhone takes a phone's id or number.
func findPhone(ctx context.Context, admin *duoclient.Admin, name string) (*duoclient.Phone, error) {
	if phoneID.MatchString(name) {
		phone, err := admin.Phones.Get(ctx, name)
		if errors.Is(err, duoclient.ErrNotFound) {
			return nil, notFound("phone", name)
		}
		return phone, err
	}
	var found *duoclient.Phone
	for phone, err := range admin.Phones.List(ctx, duoclient.PhoneFilter{Number: name}) {
		switch {
		case err != nil:
			return nil, err
		case found != nil:
			return nil, fmt.Errorf("%w phone: %s; give the id (DP...) or --extension", errAmbiguous, printable(name))
		}
		found = phone
	}
	if found == nil {
		return nil, notFound("phone", name)
	}
	return found, nil
}

// findGroup takes a group's id or name.
func findGroup(ctx context.Context, admin *duoclient.Admin, name string) (*duoclient.Group, error) {
	if groupID.MatchString(name) {
		group, err := admin.Groups.Get(ctx, name)
		if errors.Is(err, duoclient.ErrNotFound) {
			return nil, notFound("group", name)
		}
		return group, err
	}
	for group, err := range admin.Groups.List(ctx) {
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(group.Name, name) {
			return group, nil
		}
	}
	return nil, notFound("group", name)
}
