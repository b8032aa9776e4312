//go:build unix

package crash_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"time"
)

// worker is a user with several machines, who keeps a journal. One goroutine
// uses it at a time.
type worker struct {
	rig    *rig
	number int
	user   string
	random *rand.Rand
	// home and thief call from different addresses.
	home, thief *client
	browser     *client

	sessions []*kept
	// doubtful are logins whose second call got no answer.
	doubtful []*login
	// redeemed are logins that gave a session, the latest ones.
	redeemed []*login
	// disabled: the account may be disabled since a command was cut off.
	disabled bool
}

func newWorker(r *rig, number int, seed uint64) *worker {
	w := &worker{rig: r, number: number, user: userName(number), random: rand.New(rand.NewPCG(seed, uint64(number)))}
	w.browser = newClient(r.tlsConfig(), netip.Addr{})
	return w
}

// arrive gives the worker new machines for the next life of the server.
func (w *worker) arrive(generation int) {
	w.leave()
	address := func(net byte) netip.Addr {
		if runtime.GOOS != "linux" {
			return netip.Addr{}
		}
		return netip.AddrFrom4([4]byte{127, net + byte(w.number), byte(generation >> 8), byte(generation)})
	}
	w.home = newClient(w.rig.tlsConfig(), address(10))
	w.thief = newClient(w.rig.tlsConfig(), address(100))
}

func (w *worker) leave() {
	for _, c := range []*client{w.home, w.thief} {
		if c != nil {
			c.close()
		}
	}
}

// node picks one of the nodes.
func (w *worker) node() *node { return w.rig.nodes[w.random.IntN(len(w.rig.nodes))] }

// allLive are the sessions that must be there.
func (w *worker) allLive() []*kept {
	var all []*kept
	for _, s := range w.sessions {
		if s.state == live {
			all = append(all, s)
		}
	}
	return all
}

// live picks one of them; nil when there is none.
func (w *worker) live() *kept {
	all := w.allLive()
	if len(all) == 0 {
		return nil
	}
	return all[w.random.IntN(len(all))]
}

// work does one thing after another until told to stop.
func (w *worker) work(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if err := w.step(ctx); err != nil {
			w.rig.counts.cuts.Add(1)
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

// step does one thing; an error means that the server did not answer.
func (w *worker) step(ctx context.Context) error {
	if len(w.doubtful) > 0 {
		return w.retry(ctx)
	}
	if w.disabled {
		return w.enable(ctx)
	}
	alive := len(w.allLive())
	switch n := w.random.IntN(100); {
	case alive > keptLive:
		return w.logout(ctx)
	case alive == 0 || n < 45:
		return w.login(ctx)
	case n < 65:
		return w.check(ctx, w.live(), w.node())
	case n < 85:
		return w.logout(ctx)
	case n < 96:
		return w.replay(ctx)
	default:
		return w.revoke(ctx)
	}
}
