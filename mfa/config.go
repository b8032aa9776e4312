package mfa

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// What is used where [Config] says nothing.
const (
	defaultLifetime      = 10 * time.Minute
	defaultEnrolLifetime = 15 * time.Minute
	// longestLifetime bounds how long a half-finished login can wait.
	longestLifetime = time.Hour

	defaultProofWait = time.Minute
	longestProofWait = 2 * time.Minute
)

// DefaultLimits are the limits of a configuration that sets none.
func DefaultLimits() Limits {
	return Limits{PerClient: 5, PerUser: 20, Reserved: 5, Total: 50_000}
}

// Config is what a [Flow] is made of. The first six fields are required.
type Config struct {
	SecondFactor SecondFactor
	Transactions Transactions
	Sources      Sources
	Codes        Codes
	Accounts     Accounts
	Recorder     Recorder
	// Enrolment is asked at each first call; nil leaves it to Duo's prompt to
	// find out that a user is not enrolled.
	Enrolment Enrolment
	// Prover is asked by Prove and Approve; nil: both refuse.
	Prover Prover
	// BreakGlass spends the codes of BreakGlass; nil: there are none.
	BreakGlass BreakGlass
	// Carries is asked before every grant that carries something; nil trusts
	// what is carried.
	Carries Carries
	// ProofWait is how long Prove and Approve wait for the user, 60 s when
	// zero; at most two minutes.
	ProofWait time.Duration
	// Releaser ends what a carry holds; nil when nothing is carried.
	Releaser Releaser
	// Policy decides which outcomes of Duo are enough; the zero value is the
	// strict one.
	Policy Policy
	// Failmode is [FailSecure] when empty.
	Failmode Failmode
	// Relay is [RelayAudit] when empty.
	Relay RelayPolicy
	// Lifetime of a transaction is 10 minutes when zero; EnrolLifetime, of
	// one whose prompt may enrol the user, 15. At most an hour.
	Lifetime      time.Duration
	EnrolLifetime time.Duration
	// Limits are [DefaultLimits] when all are zero.
	Limits Limits
	// DuoUsername gives Duo's name for a canonical name; nil is the same
	// name. It must be one-to-one.
	DuoUsername func(canonical string) (string, error)
	// Pauses are where the brake on questions to phones is kept; nil keeps it
	// in this process.
	Pauses Pauses
	// Follows is the flow whose place this one takes while the server runs: the
	// pauses of phones and the counts behind the fatigue alarm go on, and with
	// the same SecondFactor what is known of Duo's health. nil at a start.
	Follows *Flow
	// Logger is for the operator; nil is silence.
	Logger *slog.Logger
	// Now and Random are the real ones when nil. Both must be safe for
	// concurrent use.
	Now    func() time.Time
	Random io.Reader
}

// Flow is the login. It is safe for concurrent use; all it remembers between
// calls is in the stores, except the last good health check, the counts behind
// the fatigue alarm and the pauses of phones that were asked for nothing.
type Flow struct {
	duo       SecondFactor
	txs       Transactions
	sources   Sources
	codes     Codes
	accounts  Accounts
	recorder  Recorder
	enrolment Enrolment
	releaser  Releaser
	policy    Policy
	failmode  Failmode
	relay     RelayPolicy
	lifetime  time.Duration
	enrolling time.Duration
	limits    Limits
	prover    Prover
	proofWait time.Duration
	carries   Carries
	duoName   func(string) (string, error)
	logger    *slog.Logger
	now       func() time.Time
	random    io.Reader
	health    *healthGate
	fatigue   *fatigue
	brake     brake

	breakGlasses BreakGlass
}

// New makes a Flow; [ErrConfig] says what is missing or wrong.
func New(c Config) (*Flow, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	f := &Flow{
		duo: c.SecondFactor, txs: c.Transactions, sources: c.Sources, codes: c.Codes,
		accounts: c.Accounts, recorder: c.Recorder, enrolment: c.Enrolment, releaser: c.Releaser,
		policy: c.Policy.clone(), failmode: c.Failmode, relay: c.Relay,
		lifetime: c.Lifetime, enrolling: c.EnrolLifetime, limits: c.Limits,
		duoName: c.DuoUsername, logger: c.Logger, now: c.Now, random: c.Random,
		health:  newHealthGate(c.SecondFactor, c.Now, c.Logger),
		fatigue: newFatigue(),
		prover:  c.Prover, proofWait: c.ProofWait, carries: c.Carries, breakGlasses: c.BreakGlass,
		brake: brake{c.Pauses},
	}
	if before := c.Follows; before != nil {
		f.fatigue = before.fatigue
		if c.Pauses == nil {
			f.brake = before.brake
		}
		if before.duo == f.duo {
			f.health = before.health
		}
	}
	if f.brake.pauses == nil {
		f.brake.pauses = NewPauses()
	}
	return f, nil
}

func (c Config) withDefaults() Config {
	if c.Failmode == "" {
		c.Failmode = FailSecure
	}
	if c.Relay == "" {
		c.Relay = RelayAudit
	}
	if c.Lifetime == 0 {
		c.Lifetime = defaultLifetime
	}
	if c.EnrolLifetime == 0 {
		c.EnrolLifetime = max(defaultEnrolLifetime, c.Lifetime)
	}
	if c.ProofWait == 0 {
		c.ProofWait = defaultProofWait
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	if c.DuoUsername == nil {
		c.DuoUsername = func(canonical string) (string, error) { return canonical, nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	return c
}

func (c Config) check() error {
	faults := []struct {
		bad  bool
		text string
	}{
		{c.SecondFactor == nil, "no second factor"},
		{c.Transactions == nil, "no store for transactions"},
		{c.Sources == nil, "no store for sources"},
		{c.Codes == nil, "no store for codes"},
		{c.Accounts == nil, "no accounts"},
		{c.Recorder == nil, "no audit trail"},
		{!c.Failmode.valid(), "unknown failmode"},
		{!c.Relay.valid(), "unknown relay policy"},
		{!c.Policy.valid(), "policy with a malformed reason or factor"},
		{c.Lifetime < time.Second || c.Lifetime > longestLifetime, "lifetime is not between a second and an hour"},
		{c.EnrolLifetime < c.Lifetime || c.EnrolLifetime > longestLifetime, "lifetime for enrolment is not between the other lifetime and an hour"},
		{c.ProofWait < time.Second || c.ProofWait > longestProofWait, "wait for a proof is not between a second and two minutes"},
		{!c.Limits.valid(), "limits are negative, or all of a user's are reserved"},
	}
	for _, f := range faults {
		if f.bad {
			return fmt.Errorf("%w: %s", ErrConfig, f.text)
		}
	}
	return nil
}

func (l Limits) valid() bool {
	if l.PerClient < 0 || l.PerUser < 0 || l.Reserved < 0 || l.Total < 0 {
		return false
	}
	return l.PerUser == 0 && l.Reserved == 0 || l.Reserved < l.PerUser
}
