package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"mfaserver/internal/primary"
	"mfaserver/internal/store/record"
)

// users implements [primary.Users]. The server knows names as keyed hashes.
type users struct{ l *link }

var _ primary.Users = (*users)(nil)

// Layout of a user's value, see lua/user_insert.lua.
const (
	userIDAt     = 1
	userSealedAt = userIDAt + 16
)

func hexID(id int) string { return fmt.Sprintf("%016x", uint64(id)) } //nolint:gosec // a name, not a number

// encode seals the username with the record.
func (s *users) encode(u *primary.User, hash string) string {
	id := hexID(u.ID)
	aad := s.l.vault.aad("user", s.l.vault.user(u.Username), id)
	return "1" + id + s.l.vault.seal(uint64(len(u.Username)), u.Username+string(record.EncodeUser(u, hash)), aad)
}

// open unseals a value. One that is not what was written, a changed role for
// one, is a failure of the store.
func (s *users) open(ctx context.Context, name, value string) (primary.User, string, error) {
	u, hash, err := s.decode(name, value)
	if err != nil {
		s.l.cfg.Logger.ErrorContext(ctx, "stored user fails its integrity check", "name", name, "err", err)
		return primary.User{}, "", unavailable(primary.ErrUnavailable, fault("open user", err))
	}
	return u, hash, nil
}

func (s *users) decode(name, value string) (primary.User, string, error) {
	if len(value) < userSealedAt || value[0] != '1' {
		return primary.User{}, "", errRecord
	}
	hexed := value[userIDAt:userSealedAt]
	size, plain, err := s.l.vault.open(value[userSealedAt:], s.l.vault.aad("user", name, hexed))
	if err != nil {
		return primary.User{}, "", err
	}
	id, err := strconv.ParseUint(hexed, 16, 63)
	if err != nil || size > uint64(len(plain)) {
		return primary.User{}, "", errRecord
	}
	u, hash, err := record.DecodeUser(plain[size:])
	if err != nil {
		return primary.User{}, "", fmt.Errorf("%w: %w", errRecord, err)
	}
	u.ID, u.Username = int(id), plain[:size]
	return u, hash, nil
}

// Insert implements [primary.Users].
func (s *users) Insert(ctx context.Context, u primary.User, hash string) (primary.User, error) {
	reply, err := s.l.query(ctx, scriptUserID)
	if err == nil && len(reply) != 1 {
		err = fault("insert user", errReply)
	}
	if err != nil {
		return primary.User{}, unavailable(primary.ErrUnavailable, err)
	}
	if u.ID, err = strconv.Atoi(reply[0]); err != nil {
		return primary.User{}, unavailable(primary.ErrUnavailable, fault("insert user", errReply))
	}
	reply, err = s.l.write(ctx, scriptUserInsert, s.l.vault.user(u.Username), s.encode(&u, hash))
	switch {
	case err != nil:
		return primary.User{}, unavailable(primary.ErrUnavailable, err)
	case len(reply) != 1 || reply[0] != "ok":
		return primary.User{}, primary.ErrUserExists
	}
	return u, nil
}

// Find implements [primary.Users].
func (s *users) Find(ctx context.Context, username string) (primary.User, string, error) {
	name := s.l.vault.user(username)
	reply, err := s.l.query(ctx, scriptGet, "u:"+name)
	switch {
	case err != nil:
		return primary.User{}, "", unavailable(primary.ErrUnavailable, err)
	case len(reply) == 0:
		return primary.User{}, "", primary.ErrUserUnknown
	}
	return s.open(ctx, name, reply[0])
}

// FindID implements [primary.Users].
func (s *users) FindID(ctx context.Context, id int) (primary.User, string, error) {
	reply, err := s.l.query(ctx, scriptUserFind, hexID(id))
	switch {
	case err != nil:
		return primary.User{}, "", unavailable(primary.ErrUnavailable, err)
	case len(reply) != 2:
		return primary.User{}, "", primary.ErrUserUnknown
	}
	u, hash, err := s.open(ctx, reply[0], reply[1])
	if err == nil && u.ID != id {
		return primary.User{}, "", unavailable(primary.ErrUnavailable, fault("find user", errRecord))
	}
	return u, hash, err
}

// List implements [primary.Users]. One record that was tampered with fails the
// whole list.
func (s *users) List(ctx context.Context) ([]primary.User, error) {
	reply, err := s.l.query(ctx, scriptUserList)
	if err != nil {
		return nil, unavailable(primary.ErrUnavailable, err)
	}
	var all []primary.User
	for i := 0; i+1 < len(reply); i += 2 {
		u, _, err := s.open(ctx, reply[i], reply[i+1])
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b primary.User) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// Page implements [primary.Users]. The server knows no names, so all records
// are opened to find those of the page.
func (s *users) Page(ctx context.Context, q primary.PageQuery) ([]primary.User, error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	return q.Cut(slices.DeleteFunc(all, func(u primary.User) bool { return !q.Wants(u.Username) })), nil
}

// Update implements [primary.Users].
func (s *users) Update(ctx context.Context, username string, change func(u *primary.User, hash *string) error) (primary.User, error) {
	return s.update(ctx, s.l.vault.user(username), change)
}

func (s *users) update(ctx context.Context, name string, change func(u *primary.User, hash *string) error) (primary.User, error) {
	var changed primary.User
	c := cell{get: "u:" + name, name: "u:" + name, swap: scriptSwap, unknown: primary.ErrUserUnknown}
	err := s.l.change(ctx, c, func(value string) (string, string, error) {
		before, hash, err := s.open(ctx, name, value)
		if err != nil {
			return "", "", err
		}
		changed = before
		if err := change(&changed, &hash); err != nil {
			return "", "", err
		}
		changed.ID, changed.Username = before.ID, before.Username
		return s.encode(&changed, hash), "", nil
	})
	if err != nil {
		return primary.User{}, unavailable(primary.ErrUnavailable, err)
	}
	return changed, nil
}

// Delete implements [primary.Users].
func (s *users) Delete(ctx context.Context, username string) error {
	reply, err := s.l.write(ctx, scriptUserDelete, s.l.vault.user(username))
	if err == nil && len(reply) == 0 {
		return primary.ErrUserUnknown
	}
	return unavailable(primary.ErrUnavailable, err)
}

// reseal seals all users anew who are not under the current key, so that a
// previous key can be given up once the sessions under it are over.
func (s *users) reseal(ctx context.Context) error {
	reply, err := s.l.query(ctx, scriptUserList)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(reply); i += 2 {
		if len(reply[i+1]) > userSealedAt && !s.l.vault.sealer.Current([]byte(reply[i+1][userSealedAt:])) {
			// A record that does not open is logged, and refused whenever it is read.
			if _, err := s.update(ctx, reply[i], func(*primary.User, *string) error { return nil }); err != nil {
				s.l.cfg.Logger.WarnContext(ctx, "stored user could not be sealed anew", "name", reply[i], "err", err)
			}
		}
	}
	return nil
}
