package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/primary"
)

// maxDemoPeople and maxDemoChildren bound what --users and --children take;
// children need an address of this machine each.
const (
	maxDemoPeople   = 20_000
	maxDemoChildren = 50
)

// demoPerson is one of the people of --users. All have the demo's password.
type demoPerson struct {
	given, family string
	number        int // from 1
}

// demoPeople are the same n people at every start.
func demoPeople(n int) []demoPerson {
	given := strings.Fields("Ada Bruno Chiara David Elif Femi Greta Hugo Ines Jonas Kavya Leon Mona Noor Oscar Priya Quinn Rosa Samir Tilda Umar Vera Wei Yuki")
	family := strings.Fields("Abel Birch Costa Drum Eriksen Fox Gruber Hale Ito Jansen Keller Lindt Moreau Novak Okoro Park Quist Rossi Silva Tanaka Ulrich Vogel Weiss Young")
	people := make([]demoPerson, n)
	for i := range people {
		round := i / len(given)
		people[i] = demoPerson{given: given[i%len(given)], family: family[(i+5*round)%len(family)], number: i + 1}
	}
	return people
}

// username is unique: there are more people than pairs of names.
func (p demoPerson) username() string {
	name := strings.ToLower(p.given + "." + p.family)
	if p.number > 24*24 {
		name += fmt.Sprint(p.number)
	}
	return name
}

func (p demoPerson) email() string { return p.username() + "@example.org" }

// every tells one person in n.
func (p demoPerson) every(n, offset int) bool { return p.number%n == offset }

// account is the person in the server's own directory.
func (p demoPerson) account(at time.Time) primary.User {
	u := primary.User{
		Username: p.username(), Role: primary.RoleUser, Email: p.email(), FirstName: p.given, LastName: p.family,
		CreatedAt: at.AddDate(0, -6, -p.number%90), Disabled: p.every(31, 13),
	}
	u.PasswordChangedAt = u.CreatedAt
	if !p.every(9, 4) {
		u.LastLogin = at.Add(-time.Duration(p.number*p.number%700) * time.Hour).Add(-time.Duration(p.number%60) * time.Minute)
	}
	return u
}

// duo is the person at Duo. Not everybody is there.
func (p demoPerson) duo() (user duotest.User, known bool) {
	user = duotest.User{
		Name: p.username(), RealName: p.given + " " + p.family, FirstName: p.given, LastName: p.family, Email: p.email(),
	}
	switch {
	case p.every(17, 5):
		user.Status = duotest.StatusLocked
	case p.every(23, 6):
		user.Status = duotest.StatusBypass
	case p.every(29, 11):
		user.Status = duotest.StatusDisabled
	}
	if !p.every(9, 7) {
		platform := []string{"Apple iOS", "Google Android"}[p.number%2]
		user.Phones = append(user.Phones, duotest.Phone{
			Name: p.given + "'s phone", Number: fmt.Sprintf("+1313%07d", 2_000_000+p.number), Platform: platform, Activated: true,
		})
	}
	if p.every(5, 2) {
		user.Phones = append(user.Phones, duotest.Phone{Name: p.given + "'s tablet", Platform: "Apple iOS", Activated: true})
	}
	if p.every(7, 3) {
		user.WebAuthn = append(user.WebAuthn, duotest.WebAuthnCredential{Name: p.given + "'s security key", Label: "Security Key"})
	}
	return user, !p.every(9, 4)
}

// demoUsernames are the names of the n people.
func demoUsernames(n int) []string {
	names := make([]string, n)
	for i, p := range demoPeople(n) {
		names[i] = p.username()
	}
	return names
}

// duoPeople are those of the n people that Duo knows.
func duoPeople(n int) []duotest.User {
	var users []duotest.User
	for _, p := range demoPeople(n) {
		if u, known := p.duo(); known {
			users = append(users, u)
		}
	}
	return users
}

// demoChildren are the child accounts of --children, with some people each.
func demoChildren(n int) []duotest.Child {
	children := make([]duotest.Child, n)
	for i := range children {
		children[i] = duotest.Child{Name: fmt.Sprintf("clinic-%d", i+1), Users: duoPeople(10 + 7*i)}
	}
	return children
}

// organizations are the rows of the configuration for the child accounts.
func organizations(sim *duotest.Server) string {
	var rows strings.Builder
	for _, a := range sim.Accounts() {
		fmt.Fprintf(&rows, "\n  - {name: %q, account_id: %q}", a.Name(), a.ID())
	}
	if rows.Len() == 0 {
		return ""
	}
	return "\norganizations:" + rows.String()
}

// addPeople puts the people of --users into the directory, those who are not
// there yet. They have the hash of the demo's user: its password is theirs.
func (s *demoState) addPeople(ctx context.Context, a *app, n int) error {
	if n == 0 {
		return nil
	}
	_, hash, err := a.db.Users().Find(ctx, s.Username)
	if err != nil {
		return fmt.Errorf("demo people: %w", err)
	}
	people := demoPeople(n)
	const writers = 64 // that share the waits for the disk
	failures := make([]error, writers)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := w; i < n && failures[w] == nil; i += writers {
				_, err := a.db.Users().Insert(ctx, people[i].account(now()), hash)
				if err != nil && !errors.Is(err, primary.ErrUserExists) {
					failures[w] = err
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("demo people: %w", err)
	}
	return nil
}
