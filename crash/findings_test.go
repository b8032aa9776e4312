//go:build unix

package crash_test

import (
	"fmt"
	"slices"
	"sync"
)

// kind is what a finding breaks.
type kind string

const (
	lostSession      kind = "acknowledged session lost"
	logoutUndone     kind = "acknowledged end undone"
	doubleRedemption kind = "double redemption"
	noWinner         kind = "login without a winner"
	bindingBroken    kind = "login taken by another client"
	wrongIdentity    kind = "wrong identity"
	unaudited        kind = "acknowledged but not in the trail"
	brokenTrail      kind = "audit trail broken"
	badStart         kind = "start failed"
	refusedLogin     kind = "new login refused"
	oddAnswer        kind = "odd answer"
)

// findings collects what broke. Safe for concurrent use.
type findings struct {
	mu  sync.Mutex
	all []finding
}

type finding struct {
	kind kind
	text string
}

func (f finding) String() string { return string(f.kind) + ": " + f.text }

func (f *findings) add(k kind, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, finding{k, fmt.Sprintf(format, args...)})
}

func (f *findings) list() []finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

func (f *findings) any() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all) > 0
}
