package helpdesk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

// exampleDesk is a desk in front of a simulator.
func exampleDesk() (*duotest.Server, *helpdesk.Desk, error) {
	sim, err := duotest.NewServer(duotest.Config{Users: []duotest.User{{Name: "pat"}}})
	if err != nil {
		return nil, nil, err
	}
	ca, err := duoclient.CAPEM(sim.CA().CertPEM())
	if err != nil {
		return nil, nil, err
	}
	desk, err := helpdesk.New(helpdesk.Config{
		Recorder: &audittest.Memory{},
		Organizations: []helpdesk.OrgConfig{{Name: "default", Admin: &duoclient.APIConfig{
			IntegrationKey: sim.Credentials().AdminKey, SecretKey: secret.New(sim.Credentials().AdminSecret),
			APIHost: sim.APIHost, CA: ca, Simulator: true,
		}}},
	})
	return sim, desk, err
}

func ExampleOrg_CreateBypass() {
	sim, desk, err := exampleDesk()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	defer desk.Close()
	org, err := desk.Org("")
	if err != nil {
		fmt.Println(err)
		return
	}
	request := helpdesk.BypassRequest{Order: helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}}, Subject: helpdesk.Subject{Username: "pat"}}
	_, err = org.CreateBypass(context.Background(), request)
	fmt.Println(err)

	request.Reason = "left the phone at home"
	codes, err := org.CreateBypass(context.Background(), request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(codes.Codes), codes.Codes[0], len(codes.Codes[0].Reveal()))
	// Output:
	// helpdesk: refused by policy: reason is missing; say why, in 1 to 200 characters
	// 1 [REDACTED] 9
}

func ExampleOrg_Enrol() {
	sim, desk, err := exampleDesk()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	defer desk.Close()
	org, err := desk.Org("")
	if err != nil {
		fmt.Println(err)
		return
	}
	request := helpdesk.EnrolRequest{
		Order:    helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}, Ticket: "HD-17"},
		Username: "nina", Email: "nina@example.org", Phone: "+1 734 555 0123",
	}
	// Duo is in trouble at the third step; the second time it is not.
	sim.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{
		"POST /admin/v1/users/{user_id}/phones": {Status: 400, Instead: true, First: 1},
	}})
	for range 2 {
		got, err := org.Enrol(context.Background(), request)
		if failed, ok := errors.AsType[*helpdesk.EnrolError](err); ok {
			fmt.Println("failed at", failed.Step)
		}
		for _, step := range got.Steps {
			fmt.Printf("%s: %s\n", step.Name, step.State)
		}
	}
	// Output:
	// failed at assign
	// user: done
	// phone: done
	// assign: failed
	// link: open
	// user: found
	// phone: found
	// assign: done
	// link: done
}

func ExampleReadRows() {
	_, err := helpdesk.ReadRows(strings.NewReader("username,phone\nanna,734 555 0101\nanna,\n"))
	fmt.Println(err)
	// Output:
	// helpdesk: the list has faults; nobody was enrolled
	// line 2: phone: must be an international number such as +17345550100; without + Duo takes it for one of the USA
	// line 3: username: is that of line 2 too
}
