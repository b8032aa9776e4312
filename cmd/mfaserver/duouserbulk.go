package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// bulkSize is how many users Duo makes in one call.
const bulkSize = 100

// createUsers makes users a hundred at a time; each call makes all of its
// users or none. Who is there already is left out, so that running again after
// a failure continues.
func (d *duo) createUsers(ctx context.Context, names []string, p duoclient.UserParams) error {
	o, admin, err := d.oneAdmin(ctx)
	if err != nil {
		return err
	}
	progress := d.progress("making users")
	defer progress.end()
	out := newRows(d, userColumns(), progress)
	for batch := range slices.Chunk(names, bulkSize) {
		if err = d.createBatch(ctx, o, admin, batch, p, out); err != nil {
			err = fmt.Errorf("%d users were made; from %s on nobody was; running again continues: %w", out.count, printable(batch[0]), err)
			break
		}
	}
	if err != nil && out.count == 0 {
		return err
	}
	return errors.Join(err, out.end())
}

func (d *duo) createBatch(ctx context.Context, o *helpdesk.Org, admin *duoclient.Admin, names []string,
	p duoclient.UserParams, out *rows[duoclient.User],
) error {
	there := make(map[string]bool)
	for user, err := range admin.Users.List(ctx, duoclient.UserFilter{Usernames: names}) {
		if err != nil {
			return inWhich(o, err)
		}
		there[strings.ToLower(user.Username)] = true
	}
	var batch []duoclient.UserParams
	for _, name := range names {
		if there[strings.ToLower(name)] {
			err := out.progress.aside(func() error { d.console.complain("%s is there already\n", printable(name)); return nil })
			if err != nil {
				return err
			}
			continue
		}
		one := p
		one.Username = name
		batch = append(batch, one)
	}
	if len(batch) == 0 {
		return nil
	}
	var made []*duoclient.User
	err := d.recordAll(ctx, o, batch, func(ctx context.Context) error {
		var err error
		made, err = admin.Users.BulkCreate(ctx, batch)
		return err
	})
	if err != nil {
		return err
	}
	for _, user := range made {
		if err := out.add(user, o); err != nil {
			return err
		}
	}
	return nil
}

// recordAll records the making of each user, and then lets it happen.
func (d *duo) recordAll(ctx context.Context, o *helpdesk.Org, users []duoclient.UserParams, effect func(ctx context.Context) error) error {
	for _, user := range users {
		deed := userDeed(user)
		order, err := d.order(deed.Action)
		if err != nil {
			return err
		}
		inner := effect
		effect = func(ctx context.Context) error { return o.Do(ctx, order, deed, inner) }
	}
	return inWhich(o, effect(ctx))
}
