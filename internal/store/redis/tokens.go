package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"mfaserver/internal/store/record"
	"mfaserver/internal/token"
)

// tokens implements [token.ServiceTokens]. Of a token the server knows two
// hashes.
type tokens struct{ l *link }

var _ token.ServiceTokens = (*tokens)(nil)

// Layout of a token's value, see lua/token_insert.lua.
const (
	tokenHashAt   = 1
	tokenSealedAt = tokenHashAt + 2*sha256.Size
)

func (s *tokens) name(id string) string { return s.l.vault.hash("token id", id) }

// encode seals the id with the record: a token found by its value has to say
// which one it is.
func (s *tokens) encode(r *token.Record) string {
	aad := s.l.vault.aad("token", s.name(r.ID), hexKey(r.Key))
	return "1" + hexKey(r.Key) + s.l.vault.seal(uint64(len(r.ID)), r.ID+string(record.EncodeToken(r)), aad)
}

// open unseals a value. One that is not what was written, a wider scope for
// one, is a failure of the store.
func (s *tokens) open(ctx context.Context, name, value string) (token.Record, error) {
	r, err := s.decode(name, value)
	if err != nil {
		s.l.cfg.Logger.ErrorContext(ctx, "stored service token fails its integrity check", "token", name, "err", err)
		return token.Record{}, fault("open service token", err)
	}
	return r, nil
}

func (s *tokens) decode(name, value string) (token.Record, error) {
	if len(value) < tokenSealedAt || value[0] != '1' {
		return token.Record{}, errRecord
	}
	hash := value[tokenHashAt:tokenSealedAt]
	size, plain, err := s.l.vault.open(value[tokenSealedAt:], s.l.vault.aad("token", name, hash))
	if err != nil {
		return token.Record{}, err
	}
	k, ok := parseKey(hash)
	if !ok || size > uint64(len(plain)) {
		return token.Record{}, errRecord
	}
	r, err := record.DecodeToken(plain[:size], k, plain[size:])
	if err != nil {
		return token.Record{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	return r, nil
}

// Insert implements [token.ServiceTokens].
func (s *tokens) Insert(ctx context.Context, r token.Record) error {
	return tokenReply(s.l.write(ctx, scriptTokenInsert, s.name(r.ID), s.encode(&r)))
}

// Find implements [token.ServiceTokens].
func (s *tokens) Find(ctx context.Context, k token.Key) (token.Record, error) {
	reply, err := s.l.query(ctx, scriptTokenFind, hex.EncodeToString(k[:]))
	switch {
	case err != nil:
		return token.Record{}, unavailable(token.ErrUnavailable, err)
	case len(reply) != 2:
		return token.Record{}, token.ErrUnknown
	}
	r, err := s.open(ctx, reply[0], reply[1])
	if err == nil && r.Key != k {
		err = fault("find service token", errRecord)
	}
	if err != nil {
		return token.Record{}, unavailable(token.ErrUnavailable, err)
	}
	return r, nil
}

// Get implements [token.ServiceTokens].
func (s *tokens) Get(ctx context.Context, id string) (token.Record, error) {
	name := s.name(id)
	reply, err := s.l.query(ctx, scriptGet, "k:"+name)
	switch {
	case err != nil:
		return token.Record{}, unavailable(token.ErrUnavailable, err)
	case len(reply) == 0:
		return token.Record{}, token.ErrUnknown
	}
	r, err := s.open(ctx, name, reply[0])
	return r, unavailable(token.ErrUnavailable, err)
}

// List implements [token.ServiceTokens]. One record that was tampered with
// fails the whole list.
func (s *tokens) List(ctx context.Context) ([]token.Record, error) {
	reply, err := s.l.query(ctx, scriptTokenList)
	if err != nil {
		return nil, unavailable(token.ErrUnavailable, err)
	}
	var all []token.Record
	for i := 0; i+1 < len(reply); i += 2 {
		r, err := s.open(ctx, reply[i], reply[i+1])
		if err != nil {
			return nil, unavailable(token.ErrUnavailable, err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b token.Record) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, nil
}

// Update implements [token.ServiceTokens].
func (s *tokens) Update(ctx context.Context, id string, change func(*token.Record) error) (token.Record, error) {
	return s.update(ctx, s.name(id), change)
}

func (s *tokens) update(ctx context.Context, name string, change func(*token.Record) error) (token.Record, error) {
	var changed token.Record
	c := cell{get: "k:" + name, name: "k:" + name, swap: scriptSwap, unknown: token.ErrUnknown}
	err := s.l.change(ctx, c, func(value string) (string, string, error) {
		before, err := s.open(ctx, name, value)
		if err != nil {
			return "", "", err
		}
		changed = before.Clone()
		if err := change(&changed); err != nil {
			return "", "", err
		}
		changed.Key, changed.ID, changed.Username = before.Key, before.ID, before.Username
		changed = changed.Clone()
		return s.encode(&changed), "", nil
	})
	if err != nil {
		return token.Record{}, unavailable(token.ErrUnavailable, err)
	}
	return changed, nil
}

// Delete implements [token.ServiceTokens].
func (s *tokens) Delete(ctx context.Context, id string) error {
	reply, err := s.l.write(ctx, scriptTokenDelete, s.name(id))
	if err == nil && len(reply) == 0 {
		return token.ErrUnknown
	}
	return unavailable(token.ErrUnavailable, err)
}

// reseal seals all tokens anew that are not under the current key; see users.
func (s *tokens) reseal(ctx context.Context) error {
	reply, err := s.l.query(ctx, scriptTokenList)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(reply); i += 2 {
		if len(reply[i+1]) > tokenSealedAt && !s.l.vault.sealer.Current([]byte(reply[i+1][tokenSealedAt:])) {
			// A record that does not open is logged, and refused whenever it is read.
			if _, err := s.update(ctx, reply[i], func(*token.Record) error { return nil }); err != nil {
				s.l.cfg.Logger.WarnContext(ctx, "stored service token could not be sealed anew", "token", reply[i], "err", err)
			}
		}
	}
	return nil
}
