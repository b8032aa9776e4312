package redis

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"mfaserver/session"
)

// sessions implements [session.Store].
type sessions struct{ l *link }

var _ session.Store = (*sessions)(nil)

// sweepChunk is how many records one script of a sweep takes, so that others
// come in between.
const sweepChunk = 100

// listChunk is how many a script reads of a long list.
const listChunk = 250

// Create implements [session.Store]. [session.ErrRevoked] is also the answer
// when the session was deleted while it was still being created.
func (s *sessions) Create(ctx context.Context, n session.Session, limit int, now time.Time) ([]session.Session, error) {
	e := &stored{Session: n.Clone(), value: s.l.vault.encodeSession(&n)}
	if s.l.memory.buried(n.Key) || s.l.memory.outlived(e.user(), e.created()) {
		return nil, session.ErrRevoked
	}
	removals := s.l.memory.cache.removals(n.Key)
	believed := s.l.fresh()
	reply, err := s.l.write(ctx, scriptCreate, hexKey(n.Key), e.value, strconv.Itoa(limit), hexTime(now), ttl(n.Expires, now), graveTTL)
	if err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	switch {
	case len(reply) == 0:
		return nil, unavailable(session.ErrUnavailable, fault("create session", errReply))
	case reply[0] == "exists":
		return nil, session.ErrExists
	case reply[0] == "revoked":
		return nil, session.ErrRevoked
	}
	ended, err := s.ended(ctx, reply[1:])
	if believed {
		s.l.memory.cache.put(e, removals)
	}
	return ended, ignoreTampered(err)
}

// ended opens what a script deleted, and makes it dead on this node at once.
// With [session.ErrTampered] those that open are returned.
func (s *sessions) ended(ctx context.Context, pairs []string) ([]session.Session, error) {
	all := make([]session.Session, 0, len(pairs)/2)
	var broken error
	for i := 0; i+1 < len(pairs); i += 2 {
		k, ok := parseKey(pairs[i])
		if !ok {
			continue // no key of ours
		}
		s.l.memory.bury(k)
		e, err := s.open(ctx, k, pairs[i+1])
		if err != nil {
			broken = err
			continue
		}
		all = append(all, e.Session)
	}
	slices.SortStableFunc(all, func(a, b session.Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, broken
}

// open decodes a value and logs what is not what was written.
func (s *sessions) open(ctx context.Context, k session.Key, value string) (*stored, error) {
	e, err := s.l.vault.decodeSession(k, value)
	if err != nil {
		s.l.cfg.Logger.ErrorContext(ctx, "stored session fails its integrity check", "session", k.Handle(), "err", err)
	}
	return e, err
}

// ignoreTampered lets a deletion stand that met a record it could not return.
func ignoreTampered(err error) error {
	if errors.Is(err, session.ErrTampered) {
		return nil
	}
	return err
}

// Find implements [session.Store]. A session in use is answered from memory as
// long as this node hears of every end.
func (s *sessions) Find(ctx context.Context, k session.Key, now time.Time) (session.Session, error) {
	if s.l.closed.Load() {
		return session.Session{}, unavailable(session.ErrUnavailable, fault("find session", ErrClosed))
	}
	if s.l.memory.buried(k) {
		return session.Session{}, session.ErrNotFound
	}
	if e := s.l.memory.cache.get(k); e != nil && s.l.fresh() && !e.ExpiredAt(now) && !s.l.memory.outlived(e.user(), e.created()) {
		return e.Clone(), nil
	}
	e, err := s.ask(ctx, k)
	if err != nil {
		return session.Session{}, err
	}
	if e.ExpiredAt(now) {
		return session.Session{}, session.ErrNotFound
	}
	return e.Clone(), nil
}

// ask reads the session from the server.
func (s *sessions) ask(ctx context.Context, k session.Key) (*stored, error) {
	removals := s.l.memory.cache.removals(k)
	believed := s.l.fresh()
	reply, err := s.l.query(ctx, scriptFind, hexKey(k))
	switch {
	case err != nil:
		return nil, unavailable(session.ErrUnavailable, err)
	case len(reply) == 0:
		return nil, session.ErrNotFound
	case len(reply) != 3:
		return nil, unavailable(session.ErrUnavailable, fault("find session", errReply))
	}
	e, err := s.open(ctx, k, reply[0])
	if err != nil {
		return nil, err
	}
	s.l.memory.noteEpoch("", reply[1])
	s.l.memory.noteEpoch(e.user(), reply[2])
	if s.l.memory.buried(k) || s.l.memory.outlived(e.user(), e.created()) {
		return nil, session.ErrNotFound
	}
	if believed {
		s.l.memory.cache.put(e, removals)
	}
	return e, nil
}

// Touch implements [session.Store].
func (s *sessions) Touch(ctx context.Context, k session.Key, t time.Time) error {
	if s.l.memory.buried(k) {
		return session.ErrNotFound
	}
	e := s.l.memory.cache.get(k)
	if e == nil || !s.l.fresh() {
		var err error
		if e, err = s.ask(ctx, k); err != nil {
			return err
		}
	}
	within, cancel := context.WithTimeout(ctx, s.l.cfg.Timeout)
	defer cancel()
	for t.After(e.LastActive) {
		next, err := s.swap(within, e, t)
		if next == nil || err != nil {
			return err
		}
		e = next
	}
	return nil
}

// swap writes one activity. When another one came in between it returns what
// is there now.
func (s *sessions) swap(ctx context.Context, e *stored, t time.Time) (*stored, error) {
	removals := s.l.memory.cache.removals(e.Key)
	believed := s.l.fresh()
	touched := e.Session
	touched.LastActive = t
	value := s.l.vault.encodeSession(&touched)
	// A crash may lose a touch: nobody waits for the replicas.
	reply, err := s.l.query(ctx, scriptTouch, hexKey(e.Key), e.value, value)
	switch {
	case err != nil:
		return nil, unavailable(session.ErrUnavailable, err)
	case len(reply) == 1 && reply[0] == "gone":
		s.l.memory.cache.remove(e.Key)
		return nil, session.ErrNotFound
	case len(reply) == 2 && reply[0] == "changed":
		return s.open(ctx, e.Key, reply[1])
	case len(reply) != 1 || reply[0] != "ok":
		return nil, unavailable(session.ErrUnavailable, fault("touch session", errReply))
	}
	if believed {
		s.l.memory.cache.put(&stored{Session: touched, value: value}, removals)
	}
	return nil, nil //nolint:nilnil // nothing came in between, and nothing failed
}

// Delete implements [session.Store]. While the server cannot be reached the
// session is dead on this node all the same, and deleted as soon as there is
// one; the answer is [session.ErrUnavailable].
func (s *sessions) Delete(ctx context.Context, k session.Key) (session.Session, error) {
	reply, err := s.l.write(ctx, scriptDelete, hexKey(k), graveTTL)
	if err != nil {
		s.l.memory.unsure(ctx, k)
		return session.Session{}, unavailable(session.ErrUnavailable, err)
	}
	s.l.memory.bury(k)
	if len(reply) == 0 {
		return session.Session{}, session.ErrNotFound
	}
	e, err := s.open(ctx, k, reply[0])
	if err != nil {
		return session.Session{}, err
	}
	return e.Session, nil
}

// DeleteUser implements [session.Store].
func (s *sessions) DeleteUser(ctx context.Context, username string) ([]session.Session, error) {
	return s.deleteUser(ctx, username, "")
}

func (s *sessions) deleteUser(ctx context.Context, username, before string) ([]session.Session, error) {
	user := s.l.vault.user(username)
	reply, err := s.l.write(ctx, scriptDelUser, user, graveTTL, before)
	if err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	s.l.memory.noteEpoch(user, before)
	ended, err := s.ended(ctx, reply)
	return ended, ignoreTampered(err)
}

// DeleteBefore implements [session.Store]. When a later step fails, those
// sessions are dead all the same.
func (s *sessions) DeleteBefore(ctx context.Context, username string, before time.Time) ([]session.Session, error) {
	at := hexTime(before)
	if username != "" {
		return s.deleteUser(ctx, username, at)
	}
	if _, err := s.l.write(ctx, scriptEpoch, at); err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	s.l.memory.noteEpoch("", at)
	s.l.memory.forgetCache()
	var all []session.Session
	for cursor := earliest; cursor != ""; {
		reply, err := s.l.write(ctx, scriptDelOld, at, cursor, strconv.Itoa(sweepChunk), graveTTL)
		if err == nil && len(reply) == 0 {
			err = fault("delete sessions", errReply)
		}
		if err != nil {
			return all, unavailable(session.ErrUnavailable, err)
		}
		cursor = reply[0]
		ended, err := s.ended(ctx, reply[1:])
		if ignoreTampered(err) != nil {
			return all, err
		}
		all = append(all, ended...)
	}
	return all, nil
}

// List implements [session.Store]. Records that were tampered with are left
// out and logged.
func (s *sessions) List(ctx context.Context, username string, now time.Time) ([]session.Session, error) {
	found := make(map[session.Key]session.Session) // one touched meanwhile may be read twice
	take := func(pairs []string) {
		for i := 0; i+1 < len(pairs); i += 2 {
			k, ok := parseKey(pairs[i])
			if !ok || s.l.memory.buried(k) {
				continue
			}
			e, err := s.open(ctx, k, pairs[i+1]) // open logs what it refuses
			if err == nil && !e.ExpiredAt(now) && !s.l.memory.outlived(e.user(), e.created()) {
				found[k] = e.Session
			}
		}
	}
	if err := s.read(ctx, username, take); err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	return slices.SortedFunc(maps.Values(found), func(a, b session.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(a.Key[:], b.Key[:]))
	}), nil
}

// read hands on keys and values, of one user or of everybody.
func (s *sessions) read(ctx context.Context, username string, take func(pairs []string)) error {
	if username != "" {
		reply, err := s.l.query(ctx, scriptList, s.l.vault.user(username))
		take(reply)
		return err
	}
	for cursor := earliest; cursor != ""; {
		reply, err := s.l.query(ctx, scriptListAll, cursor, strconv.Itoa(listChunk))
		if err == nil && len(reply) == 0 {
			err = fault("list sessions", errReply)
		}
		if err != nil {
			return err
		}
		cursor = reply[0]
		take(reply[1:])
	}
	return nil
}

// Sweep implements [session.Store]. It works in small steps, so that others
// come in between. When a later step fails, what the earlier ones ended is
// returned without an error.
func (s *sessions) Sweep(ctx context.Context, now time.Time, limit int) ([]session.Session, error) {
	var all []session.Session
	err := inSteps(limit, func(step int) (int, error) {
		reply, err := s.l.write(ctx, scriptSweep, hexTime(now), strconv.Itoa(step))
		if err != nil {
			return 0, err
		}
		looked, rest, err := counted(reply)
		if err != nil {
			return 0, err
		}
		ended, err := s.ended(ctx, rest)
		all = append(all, ended...)
		return looked, ignoreTampered(err)
	})
	if err != nil && len(all) == 0 {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	return all, nil
}
