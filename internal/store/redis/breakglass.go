package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mfaserver/internal/store/record"
	"mfaserver/internal/token"
)

// breakGlass implements [token.BreakGlassCodes]. The server has the codes as
// keyed hashes, so that nobody who has its data alone can search for one in
// the year that they keep.
type breakGlass struct{ l *link }

var _ token.BreakGlassCodes = (*breakGlass)(nil)

// Layout of a code's value, see lua/break_glass_replace.lua.
const (
	glassUserAt   = 1
	glassSealedAt = glassUserAt + 2*hashSize
)

func (s *breakGlass) name(k token.Key) string { return s.l.vault.hash("break-glass code", hexKey(k)) }

func (s *breakGlass) encode(r *token.BreakGlassRecord, version uint64) string {
	user := s.l.vault.user(r.Username)
	return "1" + user + s.l.vault.seal(version, string(record.EncodeBreakGlass(r)), s.l.vault.aad("break-glass code", s.name(r.Key), user))
}

// open unseals a value. One that is not what was written, or that is older
// than one seen before, is a failure of the store.
func (s *breakGlass) open(ctx context.Context, name, value string) (token.BreakGlassRecord, uint64, error) {
	r, version, err := s.decode(name, value)
	if err == nil && s.l.memory.rolledBack("b:"+name, version) {
		err = ErrRolledBack
	}
	if err != nil {
		s.l.cfg.Logger.ErrorContext(ctx, "stored break-glass code fails its integrity check", "err", err)
		return token.BreakGlassRecord{}, 0, fault("open break-glass code", err)
	}
	return r, version, nil
}

func (s *breakGlass) decode(name, value string) (r token.BreakGlassRecord, version uint64, err error) {
	if len(value) < glassSealedAt || value[0] != '1' {
		return r, 0, errRecord
	}
	aad := s.l.vault.aad("break-glass code", name, value[glassUserAt:glassSealedAt])
	version, plain, err := s.l.vault.open(value[glassSealedAt:], aad)
	if err != nil {
		return r, 0, err
	}
	if r, err = record.DecodeBreakGlass(plain); err != nil {
		return r, 0, fmt.Errorf("%w: %w", errRecord, err)
	}
	return r, version, nil
}

// Replace implements [token.BreakGlassCodes]. A code before that was tampered
// with is removed, logged and not returned.
func (s *breakGlass) Replace(ctx context.Context, username string, codes []token.BreakGlassRecord) ([]token.BreakGlassRecord, error) {
	args := []string{s.l.vault.user(username)}
	for i := range codes {
		args = append(args, s.name(codes[i].Key), s.encode(&codes[i], 1))
	}
	reply, err := s.l.write(ctx, scriptGlassReplace, args...)
	if err := tokenReply(reply, err); err != nil {
		return nil, err
	}
	var before []token.BreakGlassRecord
	for i := 1; i+1 < len(reply); i += 2 {
		if r, _, err := s.open(ctx, reply[i], reply[i+1]); err == nil { // open logs what it refuses
			before = append(before, r)
		}
	}
	return before, nil
}

// Update implements [token.BreakGlassCodes].
func (s *breakGlass) Update(ctx context.Context, k token.Key, change func(*token.BreakGlassRecord) error) (token.BreakGlassRecord, error) {
	return s.update(ctx, s.name(k), change)
}

func (s *breakGlass) update(ctx context.Context, name string, change func(*token.BreakGlassRecord) error) (token.BreakGlassRecord, error) {
	var changed token.BreakGlassRecord
	var written uint64
	c := cell{get: "b:" + name, name: "b:" + name, swap: scriptSwap, unknown: token.ErrUnknown}
	err := s.l.change(ctx, c, func(value string) (string, string, error) {
		before, version, err := s.open(ctx, name, value)
		if err != nil {
			return "", "", err
		}
		changed = before
		if err := change(&changed); err != nil {
			return "", "", err
		}
		changed.Key, changed.Username = before.Key, before.Username
		written = version + 1
		return s.encode(&changed, written), string(msgVersion) + "b:" + name + hexVersion(written), nil
	})
	if err != nil {
		return token.BreakGlassRecord{}, unavailable(token.ErrUnavailable, err)
	}
	s.l.memory.noteVersion("b:"+name, written)
	return changed, nil
}

// List implements [token.BreakGlassCodes]. One record that was tampered with
// fails the whole list.
func (s *breakGlass) List(ctx context.Context, username string) ([]token.BreakGlassRecord, error) {
	user := ""
	if username != "" {
		user = s.l.vault.user(username)
	}
	reply, err := s.l.query(ctx, scriptGlassList, user)
	if err != nil {
		return nil, unavailable(token.ErrUnavailable, err)
	}
	var all []token.BreakGlassRecord
	for i := 0; i+1 < len(reply); i += 2 {
		r, _, err := s.open(ctx, reply[i], reply[i+1])
		if err != nil {
			return nil, unavailable(token.ErrUnavailable, err)
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b token.BreakGlassRecord) int { return strings.Compare(a.Username, b.Username) })
	return all, nil
}

// reseal seals all codes anew that are not under the current key; see users.
func (s *breakGlass) reseal(ctx context.Context) error {
	reply, err := s.l.query(ctx, scriptGlassList, "")
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(reply); i += 2 {
		if len(reply[i+1]) > glassSealedAt && !s.l.vault.sealer.Current([]byte(reply[i+1][glassSealedAt:])) {
			// A record that does not open is logged, and refused whenever it is read.
			if _, err := s.update(ctx, reply[i], func(*token.BreakGlassRecord) error { return nil }); err != nil {
				s.l.cfg.Logger.WarnContext(ctx, "stored break-glass code could not be sealed anew", "err", err)
			}
		}
	}
	return nil
}
