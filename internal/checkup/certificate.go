package checkup

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
)

const (
	// certificateNotice and rootNotice are how long before the end a warning
	// comes.
	certificateNotice = 30 * 24 * time.Hour
	rootNotice        = 180 * 24 * time.Hour
)

// serverFiles are where the server's own certificate and key are; made: it
// makes them itself.
func serverFiles(settings *config.Config) (certFile, keyFile string, made bool) {
	if settings.TLS.CertFile != "" {
		return settings.TLS.CertFile, settings.TLS.KeyFile, false
	}
	return filepath.Join(settings.DataDir, "tls.crt"), filepath.Join(settings.DataDir, "tls.key"), true
}

// OwnCertificate is what the server of a configuration shows to its clients;
// nil where it cannot be read, or is not made yet.
func OwnCertificate(settings *config.Config) *x509.Certificate {
	certFile, keyFile, _ := serverFiles(settings)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil
	}
	return pair.Leaf
}

// certificate looks at the server's own.
func (r *run) certificate() Finding {
	const subject = "tls"
	certFile, keyFile, own := serverFiles(r.settings)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	switch {
	case own && errors.Is(err, fs.ErrNotExist):
		return Finding{Subject: subject, Level: OK, Text: "none configured; the server makes a self-signed one when it starts"}
	case err != nil:
		return failure(subject, fmt.Sprintf("the certificate %s cannot be used: %v", certFile, err), "Put certificate and key in PEM there, readable for this user.")
	}
	leaf, now := pair.Leaf, r.now()
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	renew := "Renew " + certFile + "; a running server takes the new one within a minute."
	if own {
		renew = "Restart the server: it makes a new one. Clients that pinned the old one have to be told."
	}
	switch {
	case now.After(leaf.NotAfter):
		return failure(subject, "the server's certificate ended on "+until, renew)
	case now.Before(leaf.NotBefore):
		return failure(subject, "the server's certificate begins only on "+leaf.NotBefore.UTC().Format(time.DateOnly), "Look at the clock, or wait.")
	}
	for _, text := range r.settings.PublicURLs {
		if u, err := url.Parse(text); err == nil && leaf.VerifyHostname(u.Hostname()) != nil {
			return Finding{
				Subject: subject, Level: Warn, Text: fmt.Sprintf("the server's certificate is not for %s of public_urls", u.Hostname()),
				Advice: "Take one that names it, unless a proxy in front has its own.",
			}
		}
	}
	if leaf.NotAfter.Sub(now) < certificateNotice {
		return Finding{Subject: subject, Level: Warn, Text: "the server's certificate ends on " + until, Advice: renew}
	}
	kind := ""
	if own {
		kind = ", self-signed: clients have to be told to trust it"
	}
	return Finding{Subject: subject, Level: OK, Text: "the server's certificate lasts until " + until + kind}
}

func (r *run) simulator() []Finding {
	if !r.settings.Duo.Simulator {
		return nil
	}
	return []Finding{{
		Subject: "duo.simulator", Level: Warn, Text: "a simulator stands in Duo's place: whoever has it lets anybody in",
		Advice: "Set simulator: false before anybody relies on this server.",
	}}
}

// authorities looks at the certificates that vouch for Duo, and reports
// whether there are any to go on with.
func (r *run) authorities() bool {
	const subject = "duo.ca"
	name := r.settings.Duo.CA
	ca, err := helpdesk.CA(name)
	if err != nil {
		r.note(failure(subject, fmt.Sprintf("cannot be used: %v; nothing else was checked", err), "Name a file of certificates in PEM, or write ca: duo."))
		return false
	}
	r.ca = ca
	if name == config.CASystem {
		r.note(Finding{Subject: subject, Level: OK, Text: "the system's authorities vouch for Duo; their ends are the system's to watch"})
		return true
	}
	r.note(r.roots(subject, ca))
	return true
}

func (r *run) roots(subject string, ca duoclient.CA) Finding {
	all, err := ca.Roots()
	if err != nil {
		return failure(subject, fmt.Sprintf("cannot be used: %v", err), r.trustAdvice())
	}
	now := r.now()
	ended, err := duoclient.RootsExpiry(ca, now, 0)
	if err != nil {
		return failure(subject, fmt.Sprintf("cannot be used: %v", err), r.trustAdvice())
	}
	ending, err := duoclient.RootsExpiry(ca, now, rootNotice)
	if err != nil {
		return failure(subject, fmt.Sprintf("cannot be used: %v", err), r.trustAdvice())
	}
	last := all[len(all)-1].NotAfter.UTC().Format(time.DateOnly)
	switch {
	case len(ended) == len(all):
		return failure(subject, fmt.Sprintf("the CA bundle has expired: its last certificate ended on %s", last), r.trustAdvice())
	case len(ended) > 0:
		return Finding{
			Subject: subject, Level: Warn, Advice: r.trustAdvice(),
			Text: fmt.Sprintf("%d of %d certificates of the CA bundle have ended, the first, %s, on %s",
				len(ended), len(all), ended[0].Name, ended[0].NotAfter.UTC().Format(time.DateOnly)),
		}
	case len(ending) > 0:
		return Finding{
			Subject: subject, Level: Warn, Advice: r.trustAdvice(),
			Text: fmt.Sprintf("%d of %d certificates of the CA bundle end soon, the first, %s, on %s",
				len(ending), len(all), ending[0].Name, ending[0].NotAfter.UTC().Format(time.DateOnly)),
		}
	default:
		return Finding{Subject: subject, Level: OK, Text: fmt.Sprintf("%d certificates vouch for Duo, the first ends on %s",
			len(all), all[0].NotAfter.UTC().Format(time.DateOnly))}
	}
}

// trustAdvice is about the bundle in use.
func (r *run) trustAdvice() string {
	switch name := r.settings.Duo.CA; {
	case r.settings.Duo.Simulator:
		return "Put the certificate of the simulator's authority into " + name + ", as the simulator wrote it."
	case name == config.CADuo:
		return "Install a newer mfaserver, whose bundle is newer; if something on the way breaks TLS open on purpose, set duo.ca to its certificate file."
	case name == config.CASystem:
		return "Update the system's certificates, or write ca: duo."
	default:
		return "Put a newer bundle into " + name + ", or write ca: duo."
	}
}
