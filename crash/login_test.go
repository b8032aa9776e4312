//go:build unix

package crash_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"mfaserver/internal/mirth"
)

// login plays a login in two calls, in one of several ways.
func (w *worker) login(ctx context.Context) error {
	l, err := w.begin(ctx)
	if l == nil || err != nil {
		return err
	}
	switch w.random.IntN(6) {
	case 0, 1:
		w.rig.counts.raced.Add(1)
		return w.redeem(ctx, l, 2+w.random.IntN(4), nil)
	case 2:
		if err := w.steal(ctx, l); err != nil {
			return err
		}
		return w.redeem(ctx, l, 1, nil)
	case 3:
		if err := w.swap(ctx, l); err != nil {
			return err
		}
		return w.redeem(ctx, l, 1, nil)
	case 4:
		return w.redeem(ctx, l, 1, w.live())
	default:
		return w.redeem(ctx, l, 1, nil)
	}
}

// begin is everything up to the code; nil without an error when the server
// did not want to.
func (w *worker) begin(ctx context.Context) (*login, error) { return w.beginAt(ctx, w.node()) }

func (w *worker) beginAt(ctx context.Context, n *node) (*login, error) {
	a, err := w.home.call(ctx, http.MethodPost, n.url+"/api/users/_login",
		url.Values{"username": {w.user}, "password": {w.rig.password}}, map[string]string{"X-Mirth-Server-Url": n.url})
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusServiceUnavailable && w.rig.backing != nil {
		return nil, errUnavailable
	}
	challenge, ok := challengeOf(a)
	if !ok {
		w.rig.found.add(refusedLogin, "first call of %s at %s: %d %q", w.user, n.name, a.status, a.body)
		return nil, nil
	}
	back, err := w.browser.approve(ctx, challenge.AuthURL)
	if err != nil {
		return nil, err
	}
	l := &login{user: w.user, binding: a.cookies[bindingCookie], code: back.Get("duo_code"), state: back.Get("state")}
	l.data = mirth.NewLoginData(w.user, challenge.PrimaryStatus, l.code, l.state, challenge.RedirectURI).String()
	if w.random.IntN(3) == 0 {
		_, err = w.browser.call(ctx, http.MethodGet, challenge.RedirectURI+"?"+back.Encode(), nil, nil)
	}
	return l, err
}

func challengeOf(a answer) (mirth.DuoLoginStatus, bool) {
	parsed, err := mirth.ParseLoginStatus(a.body, a.header.Get("Content-Type"))
	challenge, ok := parsed.(mirth.DuoLoginStatus)
	return challenge, err == nil && ok && a.status == http.StatusUnauthorized
}

// second is the second call with whatever it is given.
func (w *worker) second(ctx context.Context, c *client, n *node, username, data, cookies string) (answer, error) {
	return c.call(ctx, http.MethodPost, n.url+"/api/users/_login", url.Values{"username": {username}},
		map[string]string{"X-Mirth-Login-Data": data, "Cookie": cookies})
}

// redeem sends the second call from so many racers at once, perhaps with an
// older session that the new one replaces. One of them must win; when one got
// no answer, that one may have.
func (w *worker) redeem(ctx context.Context, l *login, racers int, old *kept) error {
	cookies := bindingCookie + "=" + l.binding
	if old != nil {
		cookies += "; " + sessionCookie + "=" + old.cookie
		old.state = ending
	}
	all := make([]outcome, racers)
	var racing sync.WaitGroup
	for i := range all {
		o := &all[i]
		o.node = w.node()
		racing.Go(func() { o.answer, o.err = w.second(ctx, w.home, o.node, l.user, l.data, cookies) })
	}
	racing.Wait()
	unknown := w.judge(l, all)
	if l.granted > 0 && old != nil {
		old.end("replaced", all[0].node)
		w.rig.counts.replacements.Add(1)
	}
	switch {
	case unknown != nil:
		w.doubtful = append(w.doubtful, l)
		return unknown
	case l.granted == 0:
		w.rig.found.add(noWinner, "none of %d second calls of %s (transaction %s) succeeded: %d %q",
			racers, l.user, l.tx(), all[0].answer.status, all[0].answer.body)
	}
	return nil
}

// outcome is what a second call came to.
type outcome struct {
	node   *node
	answer answer
	err    error
}

// judge takes the sessions out of the answers. It returns an error when it is
// not known what became of one of the calls.
func (w *worker) judge(l *login, all []outcome) (unknown error) {
	for _, o := range all {
		a := o.answer
		switch {
		case o.err != nil:
			unknown = o.err
		case a.status == http.StatusOK:
			w.granted(l, a)
		case a.status == http.StatusServiceUnavailable:
			unknown = errUnavailable
		case a.status != http.StatusUnauthorized:
			w.rig.found.add(oddAnswer, "second call of %s: %d %q", l.user, a.status, a.body)
		}
	}
	w.seenByDuo(l)
	return unknown
}

// granted notes the session that an answer gives.
func (w *worker) granted(l *login, a answer) {
	l.granted++
	w.rig.counts.logins.Add(1)
	if l.granted > 1 {
		w.rig.found.add(doubleRedemption, "transaction %s gave %d sessions", l.tx(), l.granted)
	}
	parsed, err := mirth.ParseLoginStatus(a.body, a.header.Get("Content-Type"))
	if err != nil || parsed.Plain().UpdatedUsername != l.user || a.cookies[sessionCookie] == "" {
		w.rig.found.add(wrongIdentity, "%s was answered %q with cookies %d", l.user, a.body, len(a.cookies))
		return
	}
	w.sessions = append(w.sessions, newKept(l.user, a.cookies[sessionCookie], l.tx()))
	const most = 200
	if w.redeemed = append(w.redeemed, l); len(w.redeemed) > most {
		w.redeemed = w.redeemed[1:]
	}
}

// seenByDuo holds the login to invariant I2.
func (w *worker) seenByDuo(l *login) {
	if n := w.rig.duo.CountTokenCalls(l.code); n > 1 {
		w.rig.found.add(doubleRedemption, "duo saw the code of transaction %s %d times", l.tx(), n)
	}
}

// retry sends once more a second call that got no answer. What was cut off is
// burned or untouched: it is refused, or succeeds if nothing did before.
func (w *worker) retry(ctx context.Context) error {
	l := w.doubtful[0]
	a, err := w.second(ctx, w.home, w.node(), l.user, l.data, bindingCookie+"="+l.binding)
	if err := w.judge(l, []outcome{{answer: a, err: err}}); err != nil {
		return err
	}
	w.doubtful = w.doubtful[1:]
	w.rig.counts.retried.Add(1)
	if a.status == http.StatusOK {
		w.rig.counts.retriedGranted.Add(1)
	}
	return nil
}

// steal is somebody at another address who has all that the login showed but
// its binding cookie (threat T073). The login must go on as if nothing
// happened.
func (w *worker) steal(ctx context.Context, l *login) error {
	w.rig.counts.thefts.Add(1)
	a, err := w.second(ctx, w.thief, w.node(), l.user, l.data, "")
	return w.refused(l, a, err, bindingBroken)
}

// swap is the right client under another's name (threat T063).
func (w *worker) swap(ctx context.Context, l *login) error {
	w.rig.counts.swaps.Add(1)
	a, err := w.second(ctx, w.home, w.node(), "somebody else", l.data, bindingCookie+"="+l.binding)
	return w.refused(l, a, err, wrongIdentity)
}

// replay sends the second call of a login that gave its session.
func (w *worker) replay(ctx context.Context) error {
	if len(w.redeemed) == 0 {
		return nil
	}
	w.rig.counts.replays.Add(1)
	l := w.redeemed[w.random.IntN(len(w.redeemed))]
	a, err := w.second(ctx, w.home, w.node(), l.user, l.data, bindingCookie+"="+l.binding)
	return w.refused(l, a, err, doubleRedemption)
}

// refused expects no session.
func (w *worker) refused(l *login, a answer, err error, broken kind) error {
	w.seenByDuo(l)
	if err == nil && a.status == http.StatusOK {
		w.rig.found.add(broken, "transaction %s of %s gave a session that it must not give", l.tx(), l.user)
	}
	return err
}
