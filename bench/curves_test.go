package bench_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// curve is a table of figures over one quantity.
type curve struct {
	over    string // the quantity
	columns []string
	rows    [][]float64 // the quantity first
}

func (c *curve) add(values ...float64) { c.rows = append(c.rows, values) }

// csv writes the curve for programs.
func (c *curve) csv() string {
	var b strings.Builder
	b.WriteString(c.over + "," + strings.Join(c.columns, ",") + "\n")
	for _, row := range c.rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(figure(v))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestCurves writes the curves of docs/performance.md into the folder that
// CURVES names. SESSIONS ends the curve over sessions earlier.
func TestCurves(t *testing.T) { //nolint:paralleltest // it measures
	folder := os.Getenv("CURVES")
	if folder == "" {
		t.Skip("it measures: make bench-curves")
	}
	most := 1_000_000
	if text := os.Getenv("SESSIONS"); text != "" {
		var err error
		if most, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	clients := overClients(t, []int{1, 8, 64, 512}, 16_000, 1500)
	writeCurve(t, folder, "clients", clients)
	draw(t, folder, "requests", "GET users/current a second, over clients", clients, "requests_per_s", "bare_requests_per_s")
	draw(t, folder, "logins", "Whole logins a second, over clients", clients, "logins_per_s")
	draw(t, folder, "login-times", "Milliseconds of a whole login, over clients", clients, "login_p50_ms", "login_p99_ms")
	if runtime.GOOS != "linux" {
		t.Skip("memory is not measured here")
	}
	sessions := overSessions(t, []int{10_000, 100_000, 1_000_000}, most)
	writeCurve(t, folder, "sessions", sessions)
	draw(t, folder, "ready", "Milliseconds from start to ready, over sessions in the store", sessions, "ready_ms")
	draw(t, folder, "memory", "MiB, over sessions in the store", sessions, "resident_ready_MiB", "resident_used_MiB", "file_MiB")
}

// Each curve has a point where it was measured.
func TestCurvePoints(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts servers")
	}
	folder := t.TempDir()
	c := overClients(t, []int{1, 2}, 20, 4)
	writeCurve(t, folder, "clients", c)
	draw(t, folder, "requests", "a < b", c, "requests_per_s", "bare_requests_per_s")
	text, err := os.ReadFile(filepath.Join(folder, "clients.csv"))
	if err != nil || strings.Count(string(text), "\n") != 3 || !strings.HasPrefix(string(text), "clients,requests_per_s,") {
		t.Errorf("clients.csv = %q, %v", text, err)
	}
	picture, err := os.ReadFile(filepath.Join(folder, "requests.svg"))
	if err != nil || strings.Count(string(picture), "<polyline") != 2 || strings.Count(string(picture), "<circle") != 4 || strings.Contains(string(picture), "a < b") {
		t.Errorf("requests.svg = %s, %v", picture, err)
	}
}

func writeCurve(tb testing.TB, folder, name string, c *curve) {
	tb.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".csv"), []byte(c.csv()), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// overClients measures requests with a session and whole logins by more and
// more clients; of each point the better of two rounds counts.
func overClients(tb testing.TB, clients []int, requests, logins int) *curve {
	tb.Helper()
	c := &curve{over: "clients", columns: []string{"requests_per_s", "request_p99_ms", "bare_requests_per_s", "bare_p99_ms", "logins_per_s", "login_p50_ms", "login_p99_ms"}}
	ours := newSite(tb, onDisk(tb), noDuo(tb), "https://localhost:8443")
	cookie := ours.signedIn(tb, nil)
	request := "GET /api/users/current HTTP/1.1\r\nHost: localhost:8443\r\nX-Requested-With: bench\r\nAccept: application/xml\r\nCookie: " + cookie + "\r\n\r\n"
	url := plain(tb, ours)
	bare := plain(tb, sameBytes(tb, newFlood(tb, 1, 1, url, request).askers[0].answer))
	logging := newLoginSide(tb, whole, onDisk(tb))
	for _, n := range clients {
		rate, p99 := best(tb, newFlood(tb, n, max(1, requests/n), url, request))
		bareRate, bareP99 := best(tb, newFlood(tb, n, max(1, requests/n), bare, request))
		r := logging.play(tb, n, max(n, logins))
		login := r.Legs[len(r.Legs)-1]
		c.add(float64(n), rate, p99*1000, bareRate, bareP99*1000, r.PerSecond, ms(login.P50), ms(login.P99))
	}
	return c
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func best(tb testing.TB, f *flood) (rate, p99 float64) {
	tb.Helper()
	for range 2 {
		r, p, err := f.run()
		if err != nil {
			tb.Fatal(err)
		}
		if r > rate {
			rate, p99 = r, p
		}
	}
	return rate, p99
}

// overSessions measures the program with more and more sessions in its store.
func overSessions(tb testing.TB, sessions []int, most int) *curve {
	tb.Helper()
	c := &curve{over: "sessions", columns: []string{"ready_ms", "resident_ready_MiB", "resident_used_MiB", "file_MiB"}}
	sim, _ := newDuo(tb, nil)
	binary := build(tb)
	for _, n := range sessions {
		if n > most {
			continue
		}
		data := filepath.Join(tb.TempDir(), fmt.Sprintf("sessions-%d", n))
		cookies := fill(tb, data, n)
		config := writeConfig(tb, sim, data)
		var ready []float64
		for range 2 {
			p := serve(tb, binary, config)
			ready = append(ready, ms(p.ready))
			p.stop()
		}
		p := serve(tb, binary, config)
		ready = append(ready, ms(p.ready))
		before, err := p.resident()
		if err != nil {
			tb.Fatal(err)
		}
		if err := p.use(tb.Context(), cookies, 8); err != nil {
			tb.Fatal(err)
		}
		after, err := p.resident()
		if err != nil {
			tb.Fatal(err)
		}
		p.stop()
		info, err := os.Stat(filepath.Join(data, "data.db"))
		if err != nil {
			tb.Fatal(err)
		}
		c.add(float64(n), median(ready), before, after, float64(info.Size())/(1<<20))
		if err := os.RemoveAll(data); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// figure has five digits, and all of a whole number.
func figure(v float64) string {
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}
