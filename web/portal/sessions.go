package portal

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"mfaserver/session"
	"mfaserver/web/browser"
)

// Reasons of the trail for sessions that people end themselves.
const (
	reasonEnded     = "ended by the user at the portal"
	reasonEndedRest = "all others ended by the user at the portal"
)

// sessionsPage is the list of somebody's sessions.
type sessionsPage struct {
	base

	List   []sessionRow
	Others bool
}

// sessionRow is one session as its owner reads it.
type sessionRow struct {
	ID                    string
	This                  bool
	What, From, Agent     string
	Proved, Device        string
	SignedIn, Active, End time.Time
}

// sessions lists where somebody is signed in.
func (p *Portal) sessions(v *visit) {
	live, err := p.mine(v)
	if err != nil {
		p.unavailable(v, err)
		return
	}
	data := sessionsPage{base: base{Frame: browser.Frame{Title: p.text.Sessions.Title}}}
	for i := range live {
		row := p.row(&live[i])
		row.This = live[i].Key == v.session.Key
		data.Others = data.Others || !row.This
		data.List = append(data.List, row)
	}
	p.show(v, http.StatusOK, "sessions", &data)
}

// mine are the sessions of whoever visits: this one, then those that were
// active last.
func (p *Portal) mine(v *visit) ([]session.Session, error) {
	live, err := p.deps.Sessions.List(v.r.Context(), v.session.Username)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(live, func(a, b session.Session) int {
		switch v.session.Key {
		case a.Key:
			return -1
		case b.Key:
			return 1
		}
		return cmp.Or(b.LastActive.Compare(a.LastActive), b.CreatedAt.Compare(a.CreatedAt))
	})
	return live, nil
}

func (p *Portal) row(s *session.Session) sessionRow {
	t := p.text.Sessions
	row := sessionRow{
		ID: s.Key.Handle(), From: s.Source, Agent: p.agent(s.UserAgent), Proved: p.proof(s.Factor, s.Reason), Device: s.Device,
		SignedIn: s.CreatedAt, Active: s.LastActive, End: s.Expires,
	}
	switch s.Kind {
	case session.KindPage:
		row.What = t.Page
	case session.KindConsole:
		row.What = t.Console
	case session.KindToken:
		row.What, row.Proved = t.Token+" "+s.Token, ""
	default:
		row.What = t.API
	}
	return row
}

// endSession ends one of the sessions of whoever visits, and nobody else's.
func (p *Portal) endSession(v *visit) {
	form, ok := p.posted(v, "id")
	if !ok {
		return
	}
	live, err := p.mine(v)
	if err != nil {
		p.unavailable(v, err)
		return
	}
	i := slices.IndexFunc(live, func(s session.Session) bool { return s.Key.Handle() == form["id"] })
	notice := noticeSessionGone
	if i >= 0 {
		if live[i].Key == v.session.Key {
			p.endThis(v)
			return
		}
		ended, err := p.end(v.r.Context(), live[i].Key, reasonEnded)
		if err != nil {
			p.unavailable(v, err)
			return
		}
		if ended {
			notice = noticeSessionEnded
		}
	}
	browser.SetNotice(v.w, notice)
	seeOther(v.w, pathSessions)
}

// endOthers ends all sessions of whoever visits but this one.
func (p *Portal) endOthers(v *visit) {
	if _, ok := p.posted(v); !ok {
		return
	}
	live, err := p.mine(v)
	if err != nil {
		p.unavailable(v, err)
		return
	}
	notice := noticeNoOthers
	for i := range live {
		if live[i].Key == v.session.Key {
			continue
		}
		ended, err := p.end(v.r.Context(), live[i].Key, reasonEndedRest)
		if err != nil {
			p.unavailable(v, err)
			return
		}
		if ended {
			notice = noticeOthersEnded
		}
	}
	browser.SetNotice(v.w, notice)
	seeOther(v.w, pathSessions)
}

// end ends a session; one that is gone already is no error.
func (p *Portal) end(ctx context.Context, k session.Key, reason string) (ended bool, err error) {
	_, err = p.deps.Sessions.Revoke(context.WithoutCancel(ctx), k, reason)
	if errors.Is(err, session.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
