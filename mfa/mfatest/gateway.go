package mfatest

import (
	"context"
	"slices"
	"sync"

	"mfaserver/mfa"
)

// BreakGlass stands in for the store of break-glass codes. The zero value has
// none. It is safe for concurrent use.
type BreakGlass struct {
	mu    sync.Mutex
	codes map[string][]string
	err   error
}

// Add makes a code of a user.
func (b *BreakGlass) Add(username, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.codes == nil {
		b.codes = make(map[string][]string)
	}
	b.codes[username] = append(b.codes[username], code)
}

// Fail lets every Spend fail with err; nil ends that.
func (b *BreakGlass) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// Left is how many codes a user has.
func (b *BreakGlass) Left(username string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.codes[username])
}

// Spend implements [mfa.BreakGlass]. The handle is the code in brackets.
func (b *BreakGlass) Spend(_ context.Context, username, code string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return "", b.err
	}
	i := slices.Index(b.codes[username], code)
	if i < 0 {
		return "", mfa.ErrBreakGlassCode
	}
	b.codes[username] = slices.Delete(b.codes[username], i, i+1)
	return "<" + code + ">", nil
}

// Carries stands in for whoever knows what logins carry. The zero value says
// that everything holds. It is safe for concurrent use.
type Carries struct {
	mu    sync.Mutex
	err   error
	asked int
}

// Fail lets every Verify fail with err, for example [mfa.ErrCarryGone]; nil
// ends that.
func (c *Carries) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// Verify implements [mfa.Carries].
func (c *Carries) Verify(context.Context, string, mfa.Carry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return c.err
}

// Asked is how often Verify was called.
func (c *Carries) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}
