package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// maxOpenAPI bounds the engine's description of its own API.
const maxOpenAPI = 16 << 20

var (
	versionText = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+){0,3}(?:[-+.][0-9A-Za-z.-]{1,32})?$`)
	// plainPath has one reading only: no escapes, no parameters, no dots or
	// slashes that could be folded.
	plainPath = regexp.MustCompile(`^/$|^(?:/[0-9A-Za-z_-][0-9A-Za-z._-]*)+/?$`)
)

// Version is the engine's version, such as 4.5.2 (GET server/version).
func (c *Client) Version(ctx context.Context) (string, error) {
	a, err := c.fetch(ctx, "/api/server/version", "text/plain", maxSmall)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(a.body))
	if !versionText.MatchString(text) {
		return "", fmt.Errorf("%w: no version", ErrMalformed)
	}
	return text, nil
}

// Status is how far the engine's start has come; 0 means it is ready (GET
// server/status).
func (c *Client) Status(ctx context.Context) (mirth.Int, error) {
	a, err := c.fetch(ctx, "/api/server/status", acceptLogin, maxSmall)
	if err != nil {
		return 0, err
	}
	n, err := mirth.ParseInt(a.body, a.contentType)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return n, nil
}

// OpenAPI is the engine's description of its API: one JSON object of at most
// 16 MiB (GET openapi.json).
func (c *Client) OpenAPI(ctx context.Context) ([]byte, error) {
	a, err := c.fetch(ctx, "/api/openapi.json", "application/json", maxOpenAPI)
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(a.body, &object); err != nil {
		return nil, fmt.Errorf("%w: the description is no JSON object", ErrMalformed)
	}
	return a.body, nil
}

// Get fetches a file that the engine shows to everybody, sending nothing of
// any client. path is ours, with plain segments only ([ErrPath]). Any status
// code is an answer; a body longer than limit is [ErrTooLarge].
func (c *Client) Get(ctx context.Context, path string, limit int64) (status int, contentType string, body []byte, err error) {
	if !plainPath.MatchString(path) {
		return 0, "", nil, ErrPath
	}
	a, err := c.ask(ctx, question{
		method: http.MethodGet, path: path, accept: "*/*", limit: limit,
	}, max(c.config.Timeout, longTimeout))
	if err != nil {
		return 0, "", nil, err
	}
	return a.status, a.contentType, a.body, nil
}

// fetch gets what must be there.
func (c *Client) fetch(ctx context.Context, path, accept string, limit int64) (answer, error) {
	timeout := c.config.Timeout
	if limit > maxSmall {
		timeout = max(timeout, longTimeout)
	}
	a, err := c.ask(ctx, question{
		method: http.MethodGet, path: path, accept: accept, cookie: secret.Secret{}, limit: limit,
	}, timeout)
	if err == nil && a.status != http.StatusOK {
		err = a.unexpected()
	}
	return a, err
}
