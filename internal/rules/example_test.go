package rules_test

import (
	"errors"
	"fmt"
	"net/netip"

	"mfaserver/internal/rules"
)

func ExampleSet_Decide() {
	set, err := rules.New(rules.Config{Rules: []rules.Rule{{
		Name:     "the ward",
		Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")},
		Allow:    []rules.Mode{rules.Prompt, rules.Push, rules.Code},
		Clients:  []rules.ClientRule{{UserAgent: "*(Mirth Server Connection)", Mode: rules.Push}},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := rules.Request{
		Username:  "alice",
		Addr:      netip.MustParseAddr("10.20.3.4"),
		UserAgent: "Jersey/2.22.1 (Mirth Server Connection)",
	}
	fmt.Println(set.Decide(r).Mode)
	r.Addr = netip.MustParseAddr("203.0.113.9")
	fmt.Println(set.Decide(r).Mode)
	// Output:
	// push
	// prompt
}

func ExampleNew_faults() {
	_, err := rules.New(rules.Config{Rules: []rules.Rule{{Name: "nobody", Allow: []rules.Mode{rules.Refuse}}}})
	fmt.Println(errors.Is(err, rules.ErrAsksNobody))
	// Output:
	// true
}
