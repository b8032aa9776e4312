package loopback

import (
	"net/http"
	"time"

	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// pageData is what the template may show.
type pageData struct {
	browser.Frame

	Text  text.Saying
	Facts browser.Facts
}

// ServeHTTP implements [http.Handler]. Only a browser that was sent to this
// very address gets anything: another name that stands for this machine could
// be a foreign page's (DNS rebinding).
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	l.mu.Lock()
	prompt, back := l.prompt, l.path
	l.mu.Unlock()
	switch path := r.URL.EscapedPath(); {
	case r.Host != l.host || prompt == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case path == l.start:
		l.lead(w, r, prompt)
	case back != "" && path == back:
		l.comeBack(w, r, prompt)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// lead sends the browser to the prompt, as long as that is of any use.
func (l *Listener) lead(w http.ResponseWriter, r *http.Request, p *Prompt) {
	select {
	case <-l.ended:
		l.page(w, http.StatusGone, browser.Bad, text.English.Terminal.Bad, p)
	default:
		http.Redirect(w, r, p.AuthURL, http.StatusSeeOther)
	}
}

// comeBack takes what Duo sent, once, and shows what becomes of it. Another
// state than that of the sign-in changes nothing (RFC 6749 section 10.12).
func (l *Listener) comeBack(w http.ResponseWriter, r *http.Request, p *Prompt) {
	words := text.English.Terminal
	in, err := browser.ParseRedirect(r.URL.RawQuery)
	if err != nil || in.State != p.State {
		l.page(w, http.StatusBadRequest, browser.Bad, words.Bad, p)
		return
	}
	l.came.Do(func() { l.back <- in })
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case <-l.ended:
	case <-r.Context().Done():
		return
	case <-timer.C:
		l.page(w, http.StatusOK, browser.Bad, words.Failed, p)
		return
	}
	switch l.outcome {
	case SignedIn:
		l.page(w, http.StatusOK, browser.Good, words.SignedIn, p)
	case Refused:
		l.page(w, http.StatusOK, browser.Bad, words.Refused, p)
	default:
		l.page(w, http.StatusOK, browser.Bad, words.Failed, p)
	}
}

func (l *Listener) page(w http.ResponseWriter, status int, kind browser.Kind, t text.Saying, p *Prompt) {
	words := text.English.Terminal
	data := pageData{
		Frame: browser.Frame{Title: t.Title, Notice: &browser.Notice{Kind: kind, Text: t.Lead}},
		Text:  t,
		Facts: browser.Facts{Label: words.Facts, List: []browser.Fact{
			{ID: "user", Label: words.User, Value: p.Username},
			{ID: "server", Label: words.Server, Value: p.Server},
		}},
	}
	if l.pages.Send(w, status, "end", &data) != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}
