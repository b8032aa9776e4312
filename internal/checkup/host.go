package checkup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
)

const (
	// tolerable is what clocks may differ without a word; worst is what the
	// Universal Prompt still takes.
	tolerable = 10 * time.Second
	worst     = time.Minute

	clockAdvice = "Set this machine's clock, and keep it right with NTP (timedatectl set-ntp true): with a wrong clock Duo refuses logins."
)

// hosts asks every host of the configuration for its time.
func (r *run) hosts(ctx context.Context) {
	var names []string
	for _, a := range r.apps {
		names = append(names, a.host)
	}
	for _, o := range r.settings.Organizations {
		if o.APIHostname != "" {
			names = append(names, o.APIHostname)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	skews := make([]*time.Duration, len(names))
	reasons := make([]string, len(names))
	r.each(ctx, len(names), func(ctx context.Context, i int) []Finding {
		f, skew := r.host(ctx, names[i])
		if skews[i] = skew; skew == nil {
			reasons[i] = f.Text
		}
		return []Finding{f}
	})
	var known []time.Duration
	for i, name := range names {
		if skews[i] == nil {
			r.down[name] = reasons[i]
			continue
		}
		known = append(known, *skews[i])
	}
	if len(known) > 0 {
		slices.Sort(known)
		r.skew = known[len(known)/2]
		r.note(clock(r.skew))
	}
}

// host asks one host for its time. Without an answer there is no skew.
func (r *run) host(ctx context.Context, name string) (Finding, *time.Duration) {
	subject := "host " + name
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	a := r.apps[0] // a ping is not signed, whose keys it is does not matter
	a.host = name
	client, err := duoclient.NewAuth(r.apiConfig(a), append(slices.Clip(r.options), duoclient.WithClock(r.now))...)
	if err != nil {
		return failure(subject, fmt.Sprintf("cannot be used: %v", err), "Correct api_hostname."), nil
	}
	defer client.Close()
	sent := r.now()
	theirs, err := client.Ping(ctx)
	received := r.now()
	if err != nil {
		if f, known := r.common(ctx, subject, name, err); known {
			return f, nil
		}
		return failure(subject, fmt.Sprintf("%s answers otherwise than Duo: %v", name, err),
			"Compare api_hostname with Duo's panel, and look for something on the way that answers in Duo's place."), nil
	}
	skew := difference(sent, received, theirs)
	return Finding{Subject: subject, Level: OK, Text: "reached and trusted, answers in " + round(received.Sub(sent))}, &skew
}

func round(d time.Duration) string { return d.Round(time.Millisecond).String() }

// difference is our clock minus Duo's, whose answer is a whole second of some
// time between sending and receiving.
func difference(sent, received, theirs time.Time) time.Duration {
	switch low := sent.Truncate(time.Second); {
	case theirs.Before(low):
		return low.Sub(theirs)
	case theirs.After(received):
		return received.Truncate(time.Second).Sub(theirs)
	default:
		return 0
	}
}

// clock judges the difference.
func clock(skew time.Duration) Finding {
	const subject = "clock"
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	text := fmt.Sprintf("our clock is %s %s Duo's", span(skew.Abs()), way)
	switch {
	case skew.Abs() > worst:
		return failure(subject, text+", more than the minute that Duo's prompt allows; the credentials below were checked by Duo's clock", clockAdvice)
	case skew.Abs() > tolerable:
		return Finding{Subject: subject, Level: Warn, Text: text, Advice: clockAdvice}
	default:
		return Finding{Subject: subject, Level: OK, Text: "our clock agrees with Duo's"}
	}
}

// networkAdvice says what may be in the way.
func (r *run) networkAdvice(host string, err error) string {
	text := err.Error()
	switch {
	case refused(err) != nil:
		return advice(err)
	case !r.settings.Duo.HTTPProxy.IsZero():
		return "Look whether the proxy of duo.http_proxy runs and lets CONNECT " + host + ":443 through."
	case strings.Contains(text, "no such host"), strings.Contains(text, "lookup"):
		return "Compare api_hostname with Duo's panel, and look whether this machine can resolve names."
	case r.settings.Duo.Simulator:
		return "Start the simulator (mfaserver sim), or correct api_hostname."
	case errors.Is(err, context.DeadlineExceeded):
		return "Allow this machine to reach " + host + " on TCP port 443 (firewall), or set duo.http_proxy."
	default:
		return "Allow this machine to reach " + host + " on TCP port 443, or set duo.http_proxy; if others fail too, see status.duo.com."
	}
}

// span is a duration as people say it.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}
