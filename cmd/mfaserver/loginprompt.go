package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/secret"
	"mfaserver/web/loopback"
)

const (
	// pasteTries is how often somebody may paste something else.
	pasteTries = 3
	// quietTime is how long the call with the password may take before a
	// person is told what it may be waiting for.
	quietTime = 3 * time.Second
)

// terminalLogin is one sign-in at a terminal.
type terminalLogin struct {
	console  console
	client   *apiclient.Client
	flags    loginFlags
	username string
}

// signIn plays the login to its end.
func (l *terminalLogin) signIn(ctx context.Context, password secret.Secret) (*apiclient.Session, error) {
	back, err := loopback.Listen(ctx)
	if err != nil && !l.flags.paste {
		return nil, fmt.Errorf("%w; use --paste", err)
	}
	if err == nil {
		defer back.Close() //nolint:contextcheck // the last page is sent whatever became of ctx
	}
	wayBack := l.client.Server()
	if !l.flags.paste {
		wayBack = back.URL()
	}
	started, err := l.first(ctx, password, wayBack)
	if err != nil || started.Session != nil {
		return started.Session, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.flags.timeout)
	defer cancel()
	if back != nil {
		back.Expect(loopback.Prompt{
			AuthURL: started.Challenge.AuthURL, RedirectURI: started.Challenge.RedirectURI, State: started.Challenge.State,
			Server: l.client.Server(), Username: l.username,
		})
	}
	session, err := l.confirm(ctx, back, started.Challenge)
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, apiclient.ErrUnavailable) {
		err = fmt.Errorf("%w within %s", errNobody, l.flags.timeout)
	}
	if back != nil {
		back.Finish(outcome(err))
	}
	return session, err
}

func outcome(err error) loopback.Outcome {
	switch {
	case err == nil:
		return loopback.SignedIn
	case errors.Is(err, errNotConfirmed):
		return loopback.Refused
	default:
		return loopback.Failed
	}
}

// first makes the call with the password. Where it takes long, a push is
// waiting for its answer.
func (l *terminalLogin) first(ctx context.Context, password secret.Secret, wayBack string) (apiclient.Started, error) {
	hint := time.AfterFunc(quietTime, func() { l.say("Waiting for the server. If your phone asks, answer there.") })
	defer hint.Stop()
	return l.client.Start(ctx, l.username, password, wayBack)
}

// confirm has the prompt confirmed and makes the second call.
func (l *terminalLogin) confirm(ctx context.Context, back *loopback.Listener, ch *apiclient.Challenge) (*apiclient.Session, error) {
	if l.flags.paste {
		l.invitePaste(ctx, back, ch)
		for range pasteTries {
			data, err := l.pasted(ctx)
			if err != nil {
				return nil, err
			}
			if err = ch.Check(data); err == nil {
				return l.finish(ctx, ch, data)
			}
			l.say("That is not the code of this sign-in. Copy all of what the page shows as the code for your client.")
		}
		return nil, apiclient.ErrLoginData
	}
	l.invite(ctx, back)
	in, err := back.Wait(ctx)
	switch {
	case err != nil:
		return nil, err
	case in.Refused:
		return nil, errNotConfirmed
	default:
		return l.finish(ctx, ch, ch.LoginData(in.Code))
	}
}

// finish makes the second call, which opens a session whether somebody waits
// for it or not: when nobody does any more, it is ended.
func (l *terminalLogin) finish(ctx context.Context, ch *apiclient.Challenge, data secret.Secret) (*apiclient.Session, error) {
	s, err := l.client.Finish(context.WithoutCancel(ctx), ch, data)
	if err != nil {
		return nil, err
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return nil, errors.Join(context.Canceled, l.logout(ctx, s))
	}
	return s, nil
}

// invite leads to the prompt from a browser on this machine.
func (l *terminalLogin) invite(ctx context.Context, back *loopback.Listener) {
	if l.open(ctx, back) {
		l.say("Confirm the sign-in in the browser that opens. If none does, open this address on this machine:",
			"", "  "+back.StartURL(), "", "Waiting for it; Ctrl-C cancels.")
		return
	}
	l.say("Open this address in a browser on this machine and confirm the sign-in:",
		"", "  "+back.StartURL(), "", "Waiting for it; Ctrl-C cancels.")
}

// invitePaste leads to the prompt from a browser anywhere.
func (l *terminalLogin) invitePaste(ctx context.Context, back *loopback.Listener, ch *apiclient.Challenge) {
	if back != nil && l.open(ctx, back) {
		l.say("Confirm the sign-in in the browser that opens. If none does, open this address anywhere:")
	} else {
		l.say("Open this address in a browser, on any machine, and confirm the sign-in:")
	}
	l.say("", "  "+ch.AuthURL, "", "The last page shows a code for your client.")
}

// open opens the browser of this machine, where there is one to open.
func (l *terminalLogin) open(ctx context.Context, back *loopback.Listener) bool {
	if l.flags.noBrowser {
		return false
	}
	return openBrowser(ctx, back.StartURL(), func() {
		l.say("The browser could not be opened: open the address yourself.")
	})
}

// pasted asks for the login data: at a terminal without showing them, else as
// a line of standard input.
func (l *terminalLogin) pasted(ctx context.Context) (secret.Secret, error) {
	const question = "Paste it here (it is not shown): "
	if f, err := terminal(l.console); err == nil {
		return trimmed(ask(ctx, l.console, f, question))
	}
	if l.flags.password.file == "-" {
		return secret.Secret{}, fmt.Errorf("%w: standard input gave the password; use --password-file FILE or --password-env with --paste", errUsage)
	}
	line, err := interruptible(ctx, func() (string, error) { return readLine(l.console.in) })
	if err != nil {
		return secret.Secret{}, fmt.Errorf("reading the login data: %w", err)
	}
	return trimmed(secret.New(line), nil)
}

// trimmed cuts off what pasting adds.
func trimmed(s secret.Secret, err error) (secret.Secret, error) {
	if err != nil {
		return secret.Secret{}, err
	}
	return secret.New(strings.TrimSpace(s.Reveal())), nil
}

// readLine reads a line and not a byte more, which could be the next one's.
func readLine(in io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < maxSecretFile {
		n, err := in.Read(one)
		switch {
		case n == 1 && one[0] == '\n':
			return string(line), nil
		case n == 1:
			line = append(line, one[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
	}
	return "", bufio.ErrTooLong
}
