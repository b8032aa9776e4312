//go:build unix

package main_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
)

// gate is an outbound proxy that holds back what a node says to Duo while it
// is shut.
type gate struct {
	mu      sync.Mutex
	opened  chan struct{} // nil: it stands open
	waiting int
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.opened)
	g.opened = nil
}

// held is how many connections wait.
func (g *gate) held() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

func (g *gate) pass() {
	g.mu.Lock()
	opened := g.opened
	if opened != nil {
		g.waiting++
	}
	g.mu.Unlock()
	if opened == nil {
		return
	}
	<-opened
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
}

// from passes on what it reads, as long as the gate is open.
func (g *gate) from(r io.Reader, w io.Writer) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		if err != nil {
			return
		}
		g.pass()
		if _, err := w.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// ServeHTTP answers CONNECT.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var d net.Dialer
	duo, err := d.DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	node, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = duo.Close()
		return
	}
	if _, err := io.WriteString(node, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
		go func() {
			_, _ = io.Copy(node, duo)
			_ = node.Close()
		}()
		g.from(node, duo)
	}
	_ = node.Close()
	_ = duo.Close()
}

// standsStill reports whether a process is stopped (proc(5), field 3 of stat).
func standsStill(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, found := strings.Cut(string(text), ") ")
	return err == nil && found && strings.HasPrefix(after, "T")
}

func (n *clusterNode) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// stoppedLogin is a login that a node had claimed when it was stopped.
type stoppedLogin struct {
	user, data, code string
	status           int
}

// Threats T070, T115, T120, fault R11: a node that is stopped between claim
// and exchange redeems nothing twice; the others go on meanwhile, and when it
// wakes it does not believe what it remembers.
func TestClusterNodeStopped(t *testing.T) {
	t.Parallel()
	const claimed, meanwhile = 5, 10
	g := &gate{}
	proxy := httptest.NewServer(g)
	t.Cleanup(proxy.Close)
	b := startCluster(t, clusterConfig{
		servers: []*redistest.Server{redistest.New(t, redistest.Config{})}, users: claimed,
		each: func(node int, text string) string {
			if node != 0 {
				return text
			}
			return strings.Replace(text, "  simulator: true\n", "  simulator: true\n  http_proxy: "+proxy.URL+"\n", 1)
		},
	})
	ctx, at, sleeper := t.Context(), b.client(t), b.nodes[0]
	live, err := signIn(ctx, "user0", at[0], at[1], at[2])
	if err != nil {
		t.Fatal(err)
	}
	logins := make([]*stoppedLogin, claimed)
	for i := range logins {
		c := b.client(t)
		l := &stoppedLogin{user: b.users[i]}
		if l.data, l.code, err = c[i%3].begin(ctx, l.user, c[(i+1)%3]); err != nil {
			t.Fatal(err)
		}
		logins[i] = l
	}
	for _, c := range at { // into every memory
		if a, err := c.with(ctx, http.MethodGet, currentUser, live); err != nil || a.status != http.StatusOK {
			t.Fatal(unexpected("session check", a), err)
		}
	}

	g.shut()
	var redeeming sync.WaitGroup
	for _, l := range logins {
		redeeming.Go(func() {
			a, err := b.client(t)[0].redeem(ctx, l.user, l.data)
			if l.status = a.status; err != nil {
				t.Errorf("the login of the stopped node: %v", err)
			}
		})
	}
	eventually(t, "the node wants to exchange", func() bool { return g.held() >= claimed })
	sleeper.signal(t, syscall.SIGSTOP)
	eventually(t, "the node stands still", func() bool { return standsStill(sleeper.cmd.Process.Pid) })
	begun := time.Now()
	b.refusesClaimed(t, logins)
	for n := 0; n < meanwhile && (n < 2 || time.Since(begun) < reach); n++ {
		if _, err := signIn(ctx, b.users[n%claimed], b.client(t)[1], at[2], b.client(t)[1+n%2]); err != nil {
			t.Errorf("login while a node stands still: %v", err)
		}
	}
	if a, err := at[1].with(ctx, http.MethodPost, "/api/users/_logout", live); err != nil || a.status != http.StatusNoContent {
		t.Error(unexpected("logout while a node stands still", a), err)
	}
	pauseFor(ctx, reach-time.Since(begun))
	// These are the first that it reads when it wakes.
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			a, err := at[0].with(ctx, http.MethodGet, currentUser, live)
			if err != nil || a.status != http.StatusUnauthorized && a.status != http.StatusServiceUnavailable {
				t.Errorf("the node that woke: %v %v, want 401 or 503", unexpected("session check after the logout elsewhere", a), err)
			}
		})
	}
	pauseFor(ctx, 100*time.Millisecond)
	still := time.Since(begun)
	sleeper.signal(t, syscall.SIGCONT)
	asking.Wait()
	g.open()
	redeeming.Wait()
	in := 0
	for _, l := range logins {
		calls := b.duo.CountTokenCalls(l.code)
		if l.status == http.StatusOK {
			in++
		}
		// A code that was not sent in time is kept for another try.
		if l.status == http.StatusOK && calls != 1 || calls > 1 {
			t.Errorf("the login of the stopped node = %d, with %d token calls; want one, or no success and one at most", l.status, calls)
		}
	}
	b.redeemsOnce(t, logins)
	b.spendsOnce(t)
	b.alive(t)
	t.Logf("stopped for %s with %d claimed logins: %d ended well, none twice", still.Round(time.Millisecond), claimed, in)
}

// refusesClaimed sends logins that are claimed to the other nodes; Duo hears of
// none.
func (b *cluster) refusesClaimed(t *testing.T, logins []*stoppedLogin) {
	t.Helper()
	for _, l := range logins {
		for n := 1; n < len(b.nodes); n++ {
			a, err := b.client(t)[n].redeem(t.Context(), l.user, l.data)
			if err != nil || a.status == http.StatusOK {
				t.Errorf("node %d redeems a claimed login: %d, %v", n, a.status, err)
			}
		}
		if got := b.duo.CountTokenCalls(l.code); got > 0 {
			t.Errorf("the token endpoint saw the code of a login that was claimed and not exchanged %d times", got)
		}
	}
}

// redeemsOnce sends logins to all nodes: those that have succeeded do not
// again, the others once at most.
func (b *cluster) redeemsOnce(t *testing.T, logins []*stoppedLogin) {
	t.Helper()
	for _, l := range logins {
		times := 0
		if l.status == http.StatusOK {
			times = 1
		}
		for range 2 {
			for _, c := range b.client(t) {
				a, err := c.redeem(t.Context(), l.user, l.data)
				if err != nil {
					t.Error(err)
				}
				if a.status == http.StatusOK {
					times++
				}
			}
		}
		if got := b.duo.CountTokenCalls(l.code); times > 1 || got > 1 {
			t.Errorf("a login succeeded %d times, with %d token calls; want one at most", times, got)
		}
	}
}
