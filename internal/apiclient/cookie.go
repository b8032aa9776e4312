package apiclient

import (
	"fmt"
	"strings"

	"mfaserver/internal/secret"
)

// maxCookie is longer than any session of a server of this kind.
const maxCookie = 1024

// Cookie is the cookie of a session.
type Cookie struct {
	Name     string
	Value    secret.Secret
	Path     string
	HTTPOnly bool
}

// Header is the value of a Cookie header.
func (c Cookie) Header() secret.Secret { return secret.New(c.Name + "=" + c.Value.Reveal()) }

// cookie finds the one session cookie of an answer.
func (a answer) cookie() (Cookie, error) {
	var found []Cookie
	for _, c := range a.cookies {
		if c.Name != sessionCookie {
			continue
		}
		path := c.Path
		if !strings.HasPrefix(path, "/") || !visible(path) {
			path = "/api"
		}
		if c.Value == "" || len(c.Value) > maxCookie || !visible(c.Value) || strings.ContainsAny(c.Value, `;,"\`) {
			return Cookie{}, fmt.Errorf("%w: its session cookie cannot be sent back", ErrMalformed)
		}
		found = append(found, Cookie{Name: c.Name, Value: secret.New(c.Value), Path: path, HTTPOnly: c.HttpOnly})
	}
	if len(found) != 1 {
		return Cookie{}, fmt.Errorf("%w: it holds %d session cookies", ErrMalformed, len(found))
	}
	return found[0], nil
}
