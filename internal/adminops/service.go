package adminops

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// Service carries operations out. It is safe for concurrent use.
type Service struct {
	desk *helpdesk.Desk
	ops  map[string]operation
	all  []Operation
}

// operation is one with what does it.
type operation struct {
	Operation
	do handler
}

// New makes a Service for the organisations of desk.
func New(desk *helpdesk.Desk) *Service {
	s := &Service{desk: desk, ops: make(map[string]operation)}
	for _, op := range slices.Concat(
		organizationOperations(), userOperations(), userDeviceOperations(), bypassOperations(), phoneOperations(),
		settingsOperations(), directoryOperations(), logOperations(), accountOperations(), callOperations(),
	) {
		s.ops[op.Name] = op
		s.all = append(s.all, op.Operation)
	}
	return s
}

// Known are the operations there are, in the order of the documentation.
func (s *Service) Known() []Operation { return slices.Clone(s.all) }

// Do carries out one operation. What policy wants recorded is recorded before
// anything happens. [Explain] puts the error into words.
func (s *Service) Do(ctx context.Context, c Call) (Result, error) {
	op, ok := s.ops[c.Operation]
	if !ok {
		return Result{}, fmt.Errorf("%w: no operation %q", ErrParameter, c.Operation)
	}
	if err := checkQuery(op.Query, c.Query); err != nil {
		return Result{}, err
	}
	return op.do(ctx, &request{Call: c, desk: s.desk})
}

// request is a call on its way.
type request struct {
	Call
	desk *helpdesk.Desk
}

// why is the part of a body that every change has.
type why struct {
	Reason string `json:"reason" doc:"Why, on one line of at most 200 characters, for the audit trail. Policy wants one where a second factor gets weaker."`
	Ticket string `json:"ticket" doc:"The case in the help desk's own system, at most 64 characters."`
}

func (r *request) order(w why) helpdesk.Order {
	return helpdesk.Order{Actor: r.Actor, Reason: w.Reason, Ticket: w.Ticket}
}

// queryOrder is the order of a call without a body.
func (r *request) queryOrder() helpdesk.Order {
	return r.order(why{Reason: r.Query.Get("reason"), Ticket: r.Query.Get("ticket")})
}

// admin gives the organisation and its Admin API client.
func (r *request) admin(ctx context.Context) (*helpdesk.Org, *duoclient.Admin, error) {
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return nil, nil, err
	}
	admin, err := org.Admin(ctx)
	return org, admin, err
}

// deed names what is done in the words of the trail.
func (r *request) deed(action helpdesk.Action, subject string, detail ...string) helpdesk.Deed {
	d := helpdesk.Deed{Action: action, Subject: subject, Detail: map[string]string{"operation": r.Operation, "by": "http"}}
	maps.Copy(d.Detail, r.ID)
	for i := 0; i+1 < len(detail); i += 2 {
		d.Detail[detail[i]] = detail[i+1]
	}
	return d
}
