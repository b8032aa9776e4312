package main_test

import (
	"io"
	"log" //nolint:depguard // it is about this package
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	main "mfaserver/cmd/mfaserver"
)

// runMain makes the test binary behave as the program.
const runMain = "MFASERVER_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	// The server starts itself again to hash, without its environment.
	if os.Getenv(runMain) != "" || len(os.Args) == 2 && os.Args[1] == main.HashCommand {
		breakRandom()
		main.Main()
		return
	}
	os.Exit(m.Run())
}

// Threat T193: what net/http says of an engine that sends more than it said goes
// nowhere.
func TestQuiet(t *testing.T) { //nolint:paralleltest // the log is the process's
	was := log.Writer()
	t.Cleanup(func() { log.SetOutput(was) })
	said := &lockedBuffer{}
	engine, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close() //nolint:errcheck // the test is over
	go func() {
		for {
			conn, err := engine.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"))
			_, _ = conn.Write([]byte("MRN-4711"))
			_ = conn.Close()
		}
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	call := func() {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+engine.Addr().String(), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := transport.RoundTrip(r); err == nil {
			_, _ = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
	}
	log.SetOutput(said)
	eventually(t, "net/http tells what was sent: without that the test shows nothing", func() bool {
		call()
		return strings.Contains(said.String(), "MRN-4711")
	})
	main.Quiet()
	if log.Writer() != io.Discard {
		t.Error("what is logged past our logger is written somewhere")
	}
}
