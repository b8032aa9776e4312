package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// patience is how long a command may take before it says what it does.
	patience = 2 * time.Second
	// beat is the pace at which it then goes on saying so.
	beat = 500 * time.Millisecond
)

// progress tells a person at a terminal what a long run does, in one line of
// standard error. A nil one says nothing.
type progress struct {
	console console
	stop    chan struct{}
	ending  sync.Once
	stopped sync.WaitGroup

	mu    sync.Mutex // guards what follows, and the line on the screen
	what  string
	count int
	begun time.Time
	shown bool
}

// progress begins to tell of a run. Nil when nobody watches.
func (g *globals) progress(what string) *progress {
	f, ok := g.console.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	p := &progress{console: g.console, stop: make(chan struct{}), what: what, begun: now()}
	p.stopped.Go(p.run)
	return p
}

func (p *progress) run() {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-wait.C:
			p.show()
			wait.Reset(beat)
		}
	}
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.what
	if p.count > 0 {
		text += fmt.Sprintf(", %d so far", p.count)
	}
	p.console.complain("\r\x1b[K%s (%s)", text, now().Sub(p.begun).Round(time.Second))
	p.shown = true
}

// clear takes the line away. The lock must be held.
func (p *progress) clear() {
	if p.shown {
		p.console.complain("\r\x1b[K")
		p.shown = false
	}
}

// doing says what the run does now.
func (p *progress) doing(what string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.count = what, 0
}

// step counts one more.
func (p *progress) step() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
}

// aside runs f, which prints, with the line out of the way.
func (p *progress) aside(f func() error) error {
	if p == nil {
		return f()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return f()
}

// end takes the line away for good. What ends twice ends once.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.ending.Do(func() { close(p.stop) })
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
