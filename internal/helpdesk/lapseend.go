package helpdesk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// EndLapses takes back what is due, and says how many there were. What Duo has
// in another status by now is left alone. What fails is tried again at a later
// call: after a minute, and then after twice as long each time up to an hour.
func (d *Desk) EndLapses(ctx context.Context) (int, error) {
	all, err := d.Lapses(ctx)
	failures, ended := []error{err}, 0
	for _, l := range all {
		now := d.now()
		if now.Before(l.Due) || !d.retries.may(l, now) {
			continue
		}
		took, err := d.endLapse(ctx, l)
		d.retries.note(l, now, err)
		if err != nil {
			failures = append(failures, fmt.Errorf("helpdesk: end of the bypass of %s %s of %s: %w", l.Kind, shorten(l.Name), l.Org, err))
		}
		if took {
			ended++
		}
	}
	return ended, errors.Join(failures...)
}

// endLapse takes one back. Whatever keeps it from that is in the trail as a
// failure, so that somebody learns of it.
func (d *Desk) endLapse(ctx context.Context, l Lapse) (took bool, err error) {
	order := Order{Actor: Actor{Name: system}, Reason: bounded("the bypass was for a time; "+l.Actor+": "+l.Reason, longestReason)}
	o, admin, status, err := d.lookAtLapse(ctx, l)
	if err != nil {
		deed := l.deed()
		deed.Org = l.Org
		return false, errors.Join(err, d.recorder.Record(ctx, event(order, deed, audit.Failed, failure(err))))
	}
	if status != string(duoclient.UserBypass) {
		return false, d.lapses.Forget(ctx, l)
	}
	if err := o.Do(ctx, order, l.deed(), func(ctx context.Context) error { return l.end(ctx, admin) }); err != nil {
		return false, err
	}
	return true, d.lapses.Forget(ctx, l)
}

// lookAtLapse finds whoever is in bypass, and his status at Duo: empty when Duo
// knows nobody of that ID any more.
func (d *Desk) lookAtLapse(ctx context.Context, l Lapse) (*Org, *duoclient.Admin, string, error) {
	o, err := d.Org(l.Org)
	if err != nil {
		return nil, nil, "", err
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	status, err := l.status(ctx, admin)
	if errors.Is(err, duoclient.ErrNotFound) {
		return o, admin, "", nil
	}
	return o, admin, status, err
}

// system is who does what nobody asked for just now.
const system = "system"

// bounded cuts a text.
func bounded(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

func (l Lapse) status(ctx context.Context, admin *duoclient.Admin) (string, error) {
	if l.Kind == LapseGroup {
		group, err := admin.Groups.Get(ctx, l.ID)
		if err != nil {
			return "", err
		}
		return strings.ToLower(group.Status), nil
	}
	user, err := admin.Users.Get(ctx, l.ID)
	if err != nil {
		return "", err
	}
	return string(user.Status), nil
}

func (l Lapse) deed() Deed {
	detail := map[string]string{"status": l.To, "from": string(duoclient.UserBypass), "lapsed": "true"}
	if l.Kind == LapseGroup {
		detail["group"] = l.ID
		return Deed{Action: ActionGroupUpdate, Detail: detail}
	}
	detail["user_id"] = l.ID
	return Deed{Action: ActionUserStatus, Subject: l.Name, Detail: detail}
}

func (l Lapse) end(ctx context.Context, admin *duoclient.Admin) error {
	var err error
	if l.Kind == LapseGroup {
		_, err = admin.Groups.Update(ctx, l.ID, duoclient.GroupParams{Status: l.To})
	} else {
		_, err = admin.Users.Update(ctx, l.ID, duoclient.UserParams{Status: duoclient.UserStatus(l.To)})
	}
	return err
}

// retries keeps what fails from being tried at every turn.
type retries struct {
	mu    sync.Mutex
	after map[Lapse]retry // guarded by mu
}

type retry struct {
	wait time.Duration
	at   time.Time
}

const (
	firstRetry = time.Minute
	lastRetry  = time.Hour
)

func (r *retries) may(l Lapse, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !now.Before(r.after[l].at)
}

func (r *retries) note(l Lapse, now time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.after, l)
		return
	}
	if r.after == nil {
		r.after = make(map[Lapse]retry)
	}
	wait := min(max(2*r.after[l].wait, firstRetry), lastRetry)
	r.after[l] = retry{wait, now.Add(wait)}
}
