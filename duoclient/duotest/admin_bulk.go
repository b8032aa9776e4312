package duotest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

func (s *Server) bulkRoutes() []apiRoute {
	return []apiRoute{writing(http.MethodPost, "/admin/v1/bulk", s.bulk)}
}

// operation is one of the calls of a bulk call.
type operation struct {
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Body   map[string]any `json:"body"`
}

// bulk runs operations on users one after the other and answers with their
// envelopes. One that fails does not stop the others.
func (s *Server) bulk(c *apiCall) (any, error) {
	if _, err := c.required("operations"); err != nil {
		return nil, err
	}
	var operations []operation
	if err := json.Unmarshal([]byte(c.text("operations")), &operations); err != nil || len(operations) > maxIDList {
		return nil, errInvalid("operations")
	}
	out := make([]any, 0, len(operations))
	for _, op := range operations {
		response, err := s.operate(c, op)
		var refusal *apiError
		switch {
		case errors.As(err, &refusal):
			envelope := fields{"stat": "FAIL", "code": refusal.code, "message": refusal.message}
			if refusal.detail != "" {
				envelope["message_detail"] = refusal.detail
			}
			out = append(out, envelope)
		case err != nil:
			return nil, err
		default:
			out = append(out, fields{"stat": "OK", "response": response})
		}
	}
	return out, nil
}

// operate runs what a bulk call may do: create, modify and delete users, and
// let them join and leave groups.
func (s *Server) operate(c *apiCall, op operation) (any, error) {
	route, ids, _ := s.match(op.Method, op.Path)
	if route == nil || op.Method == http.MethodGet || !strings.HasPrefix(op.Path, "/admin/v1/users") {
		return nil, errInvalid("operations")
	}
	switch strings.TrimPrefix(route.pattern, "/admin/v1/users") {
	case "", "/{user_id}", "/{user_id}/groups", "/{user_id}/groups/{group_id}":
	default:
		return nil, errInvalid("operations")
	}
	one := &apiCall{exchange: c.exchange, integration: c.integration, ids: ids, params: jsonParams(op.Body)}
	response, err := route.serve(one)
	return response, err
}
