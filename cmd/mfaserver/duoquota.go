package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"mfaserver/internal/config"
	"mfaserver/internal/control"
	"mfaserver/internal/helpdesk"
)

// quotaCommand counts bypass codes that a command beside the server makes.
const quotaCommand = "bypass.quota"

// remoteQuota counts the bypass codes of a command with those of the running
// server, and so of all nodes. Without a server it counts for this command
// alone: the trail holds the others.
type remoteQuota struct {
	cfg *config.Config
	own helpdesk.Quota
}

func newRemoteQuota(cfg *config.Config) helpdesk.Quota {
	return remoteQuota{cfg, helpdesk.NewQuota()}
}

type quotaArgs struct {
	Count int `json:"count"`
	Limit int `json:"limit"`
}

// Take implements [helpdesk.Quota].
func (r remoteQuota) Take(ctx context.Context, actor string, n, limit int, at time.Time) (within bool, err error) {
	client := control.NewClient(controlSocket(r.cfg), sentinels())
	err = client.Call(ctx, quotaCommand, quotaArgs{n, limit}, &within)
	if errors.Is(err, control.ErrNotRunning) {
		return r.own.Take(ctx, actor, n, limit, at)
	}
	return within, err
}

// takeQuota is the other end of [remoteQuota]. Who asks is what the operating
// system says.
func takeQuota(desk *helpdesk.Desk) control.Func {
	return func(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
		args, err := control.Decode[quotaArgs](raw)
		if err != nil {
			return nil, err
		}
		return desk.Quota().Take(ctx, strings.ToLower(caller.String()), args.Count, args.Limit, now())
	}
}
