package duoclient

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"
)

// tell shows the observer a call that went out.
func (r *road) tell(c call, took time.Duration, a *answer, err error) {
	if r.observe == nil || errors.Is(err, context.Canceled) {
		return
	}
	o := Observation{
		Call: c.name, Endpoint: cmp.Or(c.endpoint, c.name), Host: r.host, AccountID: c.account,
		Took: took, Waits: c.whole != 0, Class: Classify(err),
	}
	if a != nil {
		o.Class = classOf(a.status)
		if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
			o.Skew, o.Dated = skew(a, date.Unix()), true
		}
	}
	o.Failed = o.Class == ClassOutage
	r.observe(o)
}

// classOf is what the status of an answer says by itself.
func classOf(status int) Class {
	switch {
	case status >= 500:
		return ClassOutage
	case status == http.StatusTooManyRequests:
		return ClassBusy
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ClassMisconfigured
	case status >= 400:
		return ClassRefusal
	default:
		return ClassNone
	}
}
