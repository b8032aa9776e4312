package bench_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// sessionGetRows measure GET users/current with a session of the embedded store
// beside a bare handler that writes the same bytes, headers included, on the
// same kind of server.
func sessionGetRows(tb testing.TB, s scale) []row {
	tb.Helper()
	kept := onDisk(tb)
	ours := newSite(tb, kept, noDuo(tb), "https://localhost:8443")
	cookie := ours.signedIn(tb, nil)
	request := "GET /api/users/current HTTP/1.1\r\nHost: localhost:8443\r\nX-Requested-With: bench\r\nAccept: application/xml\r\nCookie: " + cookie + "\r\n\r\n"
	url := plain(tb, ours)
	floods := [2]*flood{newFlood(tb, s.clients, s.requests, url, request)}
	floods[1] = newFlood(tb, s.clients, s.requests, plain(tb, sameBytes(tb, floods[0].askers[0].answer)), request)
	if len(floods[0].askers[0].answer) != len(floods[1].askers[0].answer) {
		tb.Fatalf("the bare handler writes %d bytes instead of %d", len(floods[1].askers[0].answer), len(floods[0].askers[0].answer))
	}
	rates, _ := race(tb, s.rounds, floods[0], floods[1])
	return []row{{
		name: "session-get", what: "a session-checked GET, of a bare handler writing the same bytes", unit: "x", bar: bar{atLeast, 0.75},
		rounds: ratios(rates[0], rates[1]), context: both("bare net/http", rates[0], rates[1], "a second"),
	}}
}

// sameBytes is a handler that writes the headers and the body of an answer.
func sameBytes(tb testing.TB, answer []byte) http.Handler {
	tb.Helper()
	head, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	header := http.Header{}
	for line := range strings.SplitSeq(head, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok && name != "Date" {
			header.Set(name, value)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		maps.Copy(h, header)
		w.WriteHeader(http.StatusOK)
		_, _ = fmt.Fprint(w, body)
	})
}

// race lets two floods run in turns. The lists are ours and the other's.
func race(tb testing.TB, rounds int, ours, other *flood) (rates, tails [2][]float64) {
	tb.Helper()
	side := func(i int, f *flood) func() error {
		return func() error {
			rate, tail, err := f.run()
			rates[i], tails[i] = append(rates[i], rate), append(tails[i], tail)
			return err
		}
	}
	if err := turns(rounds, side(0, ours), side(1, other)); err != nil {
		tb.Fatal(err)
	}
	return rates, tails
}
