package model_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
)

// person is somebody with an account.
type person struct {
	name, password string
	disabled       bool
	// dropped: the engine has forgotten his sessions at some time.
	dropped bool
	// changed is when the password was last changed.
	changed time.Time
	// glass are his break-glass codes, true while unspent.
	glass map[string]bool
	// wrongGlass counts wrong ones, unanswered the questions to his phone
	// that came to nothing.
	wrongGlass, unanswered int
}

// login is one login in two calls, as the rules see it.
type login struct {
	user     *person
	addr     string
	binding  string
	state    string
	redirect string
	begunAt  time.Time
	phase    mfa.Phase
	misses   int
	unsent   string
	// adrift: the engine behind has forgotten the session that it carries.
	adrift bool
	// asked: a code has gone to Duo for it.
	asked bool
	// sessions counts those that came of it, by kind.
	sessions map[bool]int
}

func (l *login) live() bool { return l.phase.Live() }

// held is a session that is or was there. Nobody knows the id of one whose
// answer was lost.
type held struct {
	id         string
	key        session.Key
	user       string
	page       bool
	handle     string // of the login it came from
	token      string
	exempt     bool
	createdAt  time.Time
	lastActive time.Time
	over       bool
	cause      string
	// adrift: the engine behind has forgotten its own session.
	adrift bool
}

// kind is what the session counts as.
func (h *held) kind() session.Kind {
	switch {
	case h.page:
		return session.KindPage
	case h.token != "":
		return session.KindToken
	}
	return session.KindAPI
}

// paper is a sign-in code.
type paper struct {
	value    string
	key      token.Key
	user     *person
	handle   string
	issuedAt time.Time
	state    token.State
	misses   int
	adrift   bool
}

// key is a service token.
type key struct {
	id, value string
	user      *person
	expires   time.Time
	over      bool
}

// model plays everybody against a server, and knows by plain rules which
// sessions there may be and whose they are.
type model struct {
	*world
	t      *testing.T
	server *server
	// reopen opens the disk for a new process, where that has to be done;
	// finish looks at it at the end; abandon closes it.
	reopen  func()
	finish  func(rt *rapid.T, m *model)
	abandon func()
	secrets secrets
	read    int
	logged  string

	people   []*person
	logins   []*login
	sessions []*held
	papers   []*paper
	keys     []*key
	prompts  int
	// high is what the clock of the sessions has to read.
	high        time.Time
	spent       map[string]time.Time
	vague       map[string]bool // codes of which nobody knows whether they were spent
	interrupted interruption
	last        outcome
	answer      string
	phone       string
	counts      map[string]int
}

var addresses = []string{"192.0.2.1", "198.51.100.9", "203.0.113.5"}

// house is what a shape of the server consists of.
type house struct {
	engine bool
	open   func(t *testing.T, m *model)
}

func newModel(t *testing.T, h house) *model {
	t.Helper()
	g := new(gate)
	c := &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w := &world{gate: g, clock: c, book: &book{g: g}, journal: new(journal), duo: newDuo(g, c.Now), sealer: newSealer(t)}
	w.second = w.duo
	if h.engine {
		w.engine = newEngine(g)
	}
	m := &model{
		world: w, t: t, secrets: make(secrets), spent: make(map[string]time.Time), vague: make(map[string]bool),
		answer: approves, phone: approves, counts: make(map[string]int),
	}
	h.open(t, m)
	m.high = w.clock.Now()
	m.server = w.open(t)
	for i, name := range []string{"alice", "bob", "paula", "svc"} {
		m.settle(name, i+1)
	}
	return m
}

// leave ends the process and closes its files.
func (m *model) leave() {
	m.server.stop(true)
	if m.abandon != nil {
		m.abandon()
	}
}

// settle gives somebody an account.
func (m *model) settle(name string, number int) {
	p := &person{name: name, password: "Geheimnis-von-" + name + "-0", glass: make(map[string]bool), changed: m.clock.Now()}
	m.people = append(m.people, p)
	m.secrets.add("a password", p.password)
	if m.engine != nil {
		m.engine.passwords[name], m.engine.numbers[name] = p.password, number
		return
	}
	must(m.t, m.addUser(p))
}

func (m *model) step(name string) {
	m.counts[name]++
	m.move(time.Millisecond)
}

// move sets the wall clock, and says what the sessions' clock has to make of
// it: it never goes back, and goes on from where it stood.
func (m *model) move(d time.Duration) {
	m.clock.add(d)
	m.server.sessions.HighWater() // clocks are read all the time
	if d > 0 {
		m.high = m.high.Add(d)
	}
	if now := m.clock.Now(); now.After(m.high) {
		m.high = now
	}
	m.expire()
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// expire ends what is over by time, for good.
func (m *model) expire() {
	for _, h := range m.sessions {
		if !h.over && (!m.high.Before(h.lastActive.Add(idle)) || !m.high.Before(h.createdAt.Add(absolute))) {
			h.over, h.cause = true, "its time was over"
		}
	}
	for _, k := range m.keys {
		if !m.clock.Now().Before(k.expires) {
			k.over = true
		}
	}
}

// overAt reports whether a login has ended by time: it is too old, or comes
// from a future that a clock set back has yet to see.
func (m *model) expired(l *login) bool {
	now := m.clock.Now()
	return !now.Before(l.begunAt.Add(lifetime)) || now.Before(l.begunAt.Add(-time.Minute))
}

// changed reports whether a login that began at the given time must come to
// nothing, because its user's account is not what it was.
func (m *model) changed(p *person, since time.Time) bool {
	if m.engine != nil {
		return false // the session at the engine decides
	}
	return p.disabled || p.changed.After(since)
}

// check compares everything with what the rules say.
func (m *model) check(rt *rapid.T) {
	if got := m.server.sessions.HighWater(); !got.Equal(m.high) {
		rt.Fatalf("T124: the clock of the sessions reads %v, want %v", got, m.high)
	}
	if code := m.duo.twice(); code != "" {
		rt.Fatalf("I2: Duo saw the code %s more than once", code)
	}
	for _, l := range m.logins {
		if l.sessions[false] > 1 || l.sessions[true] > 1 {
			rt.Fatalf("I2: login %s of %s came to %v sessions", handleOf(l.state), l.user.name, l.sessions)
		}
	}
	m.checkStore(rt)
	for _, h := range m.sessions {
		m.look(rt, h)
	}
	m.checkStore(rt)
	m.checkSecrets(rt)
	m.checkEngine(rt)
}

// checkStore compares the sessions of the store with those that may be there.
func (m *model) checkStore(rt *rapid.T) {
	list, err := m.disk.sessions.List(m.t.Context(), "", m.high)
	if err != nil {
		rt.Fatal(err)
	}
	there := make(map[session.Key]session.Session, len(list))
	for _, s := range list {
		there[s.Key] = s
		h := m.find(s.Key)
		switch {
		case h == nil:
			rt.Fatalf("I1: nobody knows of the session %s of %s (login %s, %s)", s.Key.Handle(), s.Username, s.Transaction, s.Reason)
		case h.over:
			rt.Fatalf("I7: the session %s of %s is in the store, and %s", s.Key.Handle(), s.Username, h.cause)
		case s.Username != h.user || s.Kind != h.kind() || s.Token != h.token || (s.Exemption != "") != h.exempt:
			rt.Fatalf("I3: the session %s is %+v, want that of %s", s.Key.Handle(), s, h.user)
		}
	}
	for _, h := range m.sessions {
		if _, ok := there[h.key]; !ok && !h.over {
			rt.Fatalf("I7: the session %s of %s is gone", h.key.Handle(), h.user)
		}
	}
}

func (m *model) find(k session.Key) *held {
	i := slices.IndexFunc(m.sessions, func(h *held) bool { return h.key == k })
	if i < 0 {
		return nil
	}
	return m.sessions[i]
}

// resolve asks the store what became of logins and sessions that a mishap may
// have touched. may is the session that may have come of it without an answer;
// nil when none may.
func (m *model) resolve(rt *rapid.T, may *held, logins []*login, sessions []*held) {
	for _, l := range logins {
		m.resolveLogin(rt, l)
	}
	list, err := m.disk.sessions.List(m.t.Context(), "", m.high)
	if err != nil {
		rt.Fatal(err)
	}
	for _, h := range sessions {
		if !h.over && !slices.ContainsFunc(list, func(s session.Session) bool { return s.Key == h.key }) {
			h.over, h.cause = true, "it ended in a mishap"
		}
	}
	for _, s := range list {
		if m.find(s.Key) != nil || may == nil {
			continue
		}
		if s.Username != may.user || s.Kind != may.kind() || s.Token != may.token || may.handle != "" && s.Transaction != may.handle {
			rt.Fatalf("I1: a mishap left the session %+v, want at most that of %s from %s", s, may.user, may.handle)
		}
		h := *may
		h.key, h.id, h.handle = s.Key, "", s.Transaction
		h.createdAt, h.lastActive = s.CreatedAt, s.LastActive
		m.sessions = append(m.sessions, &h)
		m.countGrant(&h)
		may = nil
	}
}

func (m *model) resolveLogin(rt *rapid.T, l *login) {
	was := l.phase
	tx, err := m.disk.txs.Find(m.t.Context(), mfa.KeyOf(l.state))
	switch {
	case errors.Is(err, mfa.ErrUnknownState):
		l.phase = mfa.Burned
		return
	case err != nil:
		rt.Fatal(err)
	}
	l.phase, l.misses = tx.Phase, tx.Misses
	if tx.UnsentCode == sha256.Sum256([]byte(codeOf(l.state))) {
		l.unsent = codeOf(l.state)
	}
	if !was.Live() && l.live() {
		rt.Fatalf("I7: login %s was %s and is %s", handleOf(l.state), was, l.phase)
	}
	if l.phase == mfa.Pending && l.asked {
		rt.Fatalf("I2: Duo was asked about login %s, and it is pending", handleOf(l.state))
	}
}

// grant adds the session of an answer, and ends what it takes the place of.
func (m *model) grant(rt *rapid.T, h held, id string, carried *held) {
	if id == "" {
		rt.Fatalf("an answer let %s in and has no cookie", h.user)
	}
	h.id, h.key = id, session.KeyOf(id)
	if m.find(h.key) != nil {
		rt.Fatalf("T028: the id of a session was given twice")
	}
	h.createdAt, h.lastActive = m.high, m.high
	var mine []*held
	for _, old := range m.sessions {
		if !old.over && old.user == h.user && old.kind() == h.kind() {
			mine = append(mine, old)
		}
	}
	slices.SortStableFunc(mine, func(a, b *held) int { return a.createdAt.Compare(b.createdAt) })
	for i := 0; len(mine)-i >= perUser; i++ {
		mine[i].over, mine[i].cause = true, "it was one too many"
	}
	if carried != nil && !carried.over {
		carried.over, carried.cause = true, "another took its place"
	}
	m.sessions = append(m.sessions, &h)
	m.countGrant(&h)
}

func (m *model) countGrant(h *held) {
	for _, l := range m.logins {
		if handleOf(l.state) == h.handle {
			l.sessions[h.page]++
		}
	}
}

func (m *model) person(rt *rapid.T) *person { return rapid.SampledFrom(m.people).Draw(rt, "person") }

func pick[T any](rt *rapid.T, label string, from []T) T {
	if len(from) == 0 {
		rt.Skip("nothing to pick")
	}
	// The latest are the likeliest to be alive.
	if len(from) > 6 && rapid.IntRange(0, 3).Draw(rt, label+" of the latest") > 0 {
		from = from[len(from)-6:]
	}
	return rapid.SampledFrom(from).Draw(rt, label)
}

// withID are the sessions whose cookie somebody has.
func (m *model) withID(page bool) []*held {
	var all []*held
	for _, h := range m.sessions {
		if h.id != "" && h.page == page {
			all = append(all, h)
		}
	}
	return all
}

// ofUser are all sessions of a user.
func (m *model) ofUser(name string) []*held {
	var all []*held
	for _, h := range m.sessions {
		if h.user == name {
			all = append(all, h)
		}
	}
	return all
}
