package engine_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
)

func TestCurrentUserFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults mirthtest.Faults
		want   error
	}{
		{"gone", mirthtest.Faults{Status: http.StatusUnauthorized}, engine.ErrNoSession},
		{"forbidden", mirthtest.Faults{Status: http.StatusForbidden}, engine.ErrMalformed},
		{"no user", mirthtest.Faults{SwapUser: "nobody"}, engine.ErrMalformed},
		{"redirect", mirthtest.Faults{Location: "/login"}, engine.ErrMalformed},
		{"broken", mirthtest.Faults{StackTrace: true}, engine.ErrUnavailable},
		{"cut", mirthtest.Faults{CutAfter: -1}, engine.ErrMalformed},
		{"gzip", mirthtest.Faults{Gzip: true}, engine.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			c := newClient(t, s, nil)
			l := login(t, c)
			s.Misbehave(tt.faults)
			user, err := c.CurrentUser(t.Context(), l.Cookie)
			if !errors.Is(err, tt.want) || user.Username != "" {
				t.Errorf("got %+v, %v, want %v", user, err, tt.want)
			}
		})
	}
}

func TestLogoutFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		want   error
	}{
		{"no session", http.StatusUnauthorized, nil},
		{"broken", http.StatusInternalServerError, engine.ErrUnavailable},
		{"odd", http.StatusOK, engine.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			c := newClient(t, s, nil)
			l := login(t, c)
			s.Misbehave(mirthtest.Faults{Status: tt.status})
			if err := c.Logout(t.Context(), l.Cookie); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A cookie that could become more than a cookie is not sent.
func TestCookiesThatNoEngineMakes(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	c := newClient(t, s, nil)
	for _, text := range []string{"", "short", "node0abcdef; x=y", "node0abcdef\r\nX: y", strings.Repeat("a", 257), `"node0abcdef"`} {
		if _, err := c.CurrentUser(t.Context(), secret.New(text)); !errors.Is(err, engine.ErrNoSession) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if n := s.Received(); n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}

// Threat T141: what many users ask at a time is answered to each by name.
func TestNoMixUp(t *testing.T) {
	t.Parallel()
	const users, rounds = 20, 20
	var config mirthtest.Config
	for i := range users {
		config.Users = append(config.Users, mirthtest.User{Name: fmt.Sprintf("user%d", i), Password: "x"})
	}
	s := startEngine(t, config)
	c := newClient(t, s, nil)
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() {
			name := fmt.Sprintf("user%d", i)
			l, err := c.Login(t.Context(), name, secret.New("x"))
			if err != nil {
				t.Error(err)
				return
			}
			for range rounds {
				user, err := c.CurrentUser(t.Context(), l.Cookie)
				if err != nil || user.Username != name {
					t.Errorf("%s is %q, %v", name, user.Username, err)
				}
			}
		})
	}
	wg.Wait()
}
