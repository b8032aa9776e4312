package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/internal/token"
)

// signIn implements [token.SignInCodes]. Codes are short: the server has them
// as keyed hashes, so that nobody who has its data alone can search for one.
type signIn struct{ l *link }

var _ token.SignInCodes = (*signIn)(nil)

// Layout of a code's value, see lua/sign_in.lua.
const (
	signInStateAt  = 1
	signInUserAt   = 2
	signInSealedAt = signInUserAt + 2*hashSize + 2*hexTimeSize
	// signInDead is the state of a code that is to be swept.
	signInDead = 'd'
)

func signInState(s token.State) string {
	switch s {
	case token.Live:
		return "l"
	case token.Dead:
		return string(signInDead)
	case token.Spent:
		return "s"
	default:
		return "s"
	}
}

func (s *signIn) name(k token.Key) string { return s.l.vault.hash("sign-in code", hexKey(k)) }

func (s *signIn) encode(r *token.CodeRecord, version uint64) string {
	front := s.l.vault.user(r.Proof.Username) + hexTime(r.IssuedAt) + hexTime(r.ExpiresAt)
	aad := s.l.vault.aad("sign-in code", s.name(r.Key), front)
	return "1" + signInState(r.State) + front + s.l.vault.seal(version, string(record.EncodeSignIn(r)), aad)
}

// open unseals a value. One that is not what was written, or that is older
// than one seen before, is a failure of the store.
func (s *signIn) open(ctx context.Context, name, value string) (token.CodeRecord, uint64, error) {
	r, version, err := s.decode(name, value)
	if err == nil && s.l.memory.rolledBack("c:"+name, version) {
		err = ErrRolledBack
	}
	if err != nil {
		s.l.cfg.Logger.ErrorContext(ctx, "stored sign-in code fails its integrity check", "err", err)
		return token.CodeRecord{}, 0, fault("open sign-in code", err)
	}
	return r, version, nil
}

func (s *signIn) decode(name, value string) (r token.CodeRecord, version uint64, err error) {
	if len(value) < signInSealedAt || value[0] != '1' {
		return r, 0, errRecord
	}
	version, plain, err := s.l.vault.open(value[signInSealedAt:], s.l.vault.aad("sign-in code", name, value[signInUserAt:signInSealedAt]))
	if err != nil {
		return r, 0, err
	}
	if r, err = record.DecodeSignIn(plain); err != nil {
		return r, 0, fmt.Errorf("%w: %w", errRecord, err)
	}
	switch state := value[signInStateAt]; {
	case state == signInDead:
		r.State = token.Dead
	case string(state) != signInState(r.State):
		return r, 0, fmt.Errorf("%w: state", errRecord)
	}
	return r, version, nil
}

// Insert implements [token.SignInCodes].
func (s *signIn) Insert(ctx context.Context, r token.CodeRecord, limit int, now time.Time) error {
	reply, err := s.l.write(ctx, scriptSignInInsert, s.name(r.Key), s.encode(&r, 1), strconv.Itoa(limit), hexTime(now), ttl(r.ExpiresAt, now))
	return tokenReply(reply, err)
}

// tokenReply is what a script says that takes a record in.
func tokenReply(reply []string, err error) error {
	switch {
	case err != nil:
		return unavailable(token.ErrUnavailable, err)
	case len(reply) > 0 && reply[0] == "exists":
		return token.ErrExists
	case len(reply) == 0 || reply[0] != "ok":
		return unavailable(token.ErrUnavailable, fault("insert", errReply))
	}
	return nil
}

// Update implements [token.SignInCodes].
func (s *signIn) Update(ctx context.Context, k token.Key, change func(*token.CodeRecord) error) (token.CodeRecord, error) {
	var changed token.CodeRecord
	var written uint64
	name := s.name(k)
	c := cell{get: "c:" + name, name: name, swap: scriptSignInSwap, unknown: token.ErrUnknown}
	err := s.l.change(ctx, c, func(value string) (string, string, error) {
		before, version, err := s.open(ctx, name, value)
		if err != nil {
			return "", "", err
		}
		changed = before.Clone()
		if err := change(&changed); err != nil {
			return "", "", err
		}
		changed.Key, changed.Proof.Username = before.Key, before.Proof.Username
		changed = changed.Clone()
		written = version + 1
		return s.encode(&changed, written), hexVersion(written), nil
	})
	if err != nil {
		return token.CodeRecord{}, unavailable(token.ErrUnavailable, err)
	}
	s.l.memory.noteVersion("c:"+name, written)
	return changed, nil
}

// Sweep implements [token.SignInCodes]. Records that were tampered with are
// removed and logged. When a later step fails, what the earlier ones removed is
// returned without an error.
func (s *signIn) Sweep(ctx context.Context, now time.Time, limit int) ([]token.CodeRecord, error) {
	var all []token.CodeRecord
	err := inSteps(limit, func(step int) (int, error) {
		reply, err := s.l.write(ctx, scriptSignInSweep, hexTime(now), strconv.Itoa(step))
		if err != nil {
			return 0, err
		}
		looked, rest, err := counted(reply)
		for i := 0; i+1 < len(rest); i += 2 {
			if r, _, err := s.open(ctx, rest[i], rest[i+1]); err == nil { // open logs what it refuses
				all = append(all, r)
			}
		}
		return looked, err
	})
	if err != nil && len(all) == 0 {
		return nil, unavailable(token.ErrUnavailable, err)
	}
	return all, nil
}
