package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Poster delivers a signed body; [mfaserver/internal/audit/ship.Webhook] is one.
type Poster interface {
	Post(ctx context.Context, media, id string, body []byte) error
}

// Hook is a [Notifier] that posts each alert as a JSON object.
type Hook struct {
	// Poster is required. Node names this server.
	Poster Poster
	Node   string
}

// message is what is posted.
type message struct {
	Rule        Rule     `json:"rule"`
	Severity    Severity `json:"severity"`
	Text        string   `json:"text"`
	User        string   `json:"user,omitempty"`
	Actor       string   `json:"actor,omitempty"`
	Source      string   `json:"source,omitempty"`
	Transaction string   `json:"tx,omitempty"`
	Subject     string   `json:"subject,omitempty"`
	Record      uint64   `json:"record"`
	Time        string   `json:"time"`
	Count       int      `json:"count"`
	Node        string   `json:"node,omitempty"`
}

// Notify implements [Notifier].
func (h Hook) Notify(ctx context.Context, a Alert) error {
	m := message{
		Rule: a.Rule, Severity: a.Rule.Severity(), Text: a.Rule.Text(), User: a.Username, Actor: a.Actor, Transaction: a.Transaction,
		Subject: a.Subject, Record: a.Sequence, Time: a.Time.UTC().Format(time.RFC3339), Count: a.Count, Node: h.Node,
	}
	if a.Source.IsValid() {
		m.Source = a.Source.String()
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("alert: %w", err)
	}
	return h.Poster.Post(ctx, "application/json", strconv.FormatUint(a.Sequence, 10), body)
}
