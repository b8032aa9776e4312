package engine_test

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
)

func Example() {
	s := mirthtest.NewServer(mirthtest.Config{}) // an engine with the user admin
	defer s.Close()

	c, err := engine.New(engine.Config{URL: s.URL, CA: s.CAPool()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	ctx := context.Background()
	_, err = c.Login(ctx, "admin", secret.New("guess"))
	fmt.Println(err, errors.Is(err, engine.ErrRefused))

	login, err := c.Login(ctx, "admin", secret.New("admin"))
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := c.CurrentUser(ctx, login.Cookie)
	fmt.Println(login.Status, user.Username, err)
	fmt.Println(c.Logout(ctx, login.Cookie), s.Sessions())
	// Output:
	// engine: login refused: FAIL true
	// SUCCESS admin <nil>
	// <nil> 0
}
