package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

func (d *duo) auth() *cobra.Command {
	return noun("auth", "Use Duo's Auth API: ask a user for his second factor",
		"auth uses Duo's Auth API with the application of duo.auth, or that of an\norganization.",
		"  mfaserver duo auth check\n  mfaserver duo auth send alice --factor push",
		d.authPing(), d.authCheck(), d.authSend(), d.authPreauth(), d.authEnroll(), d.authEnrollStatus(), d.authLogo(), d.authCall())
}

// clock is what ping and check answer.
type clock struct {
	OK   bool      `json:"ok"`
	Time time.Time `json:"time"`
	// Ahead is how far our clock is before Duo's, in seconds.
	Ahead float64 `json:"our_clock_ahead_seconds"`
}

func (d *duo) authPing() *cobra.Command {
	return verb("ping", "Ask whether Duo is there, and what time it has", "  mfaserver duo auth ping", noArgs,
		func(ctx context.Context, _ []string) error {
			return d.authTime(ctx, "Duo answers", (*duoclient.Auth).Ping)
		})
}

func (d *duo) authCheck() *cobra.Command {
	return verb("check", "Ask whether Duo takes the keys and the clock", "  mfaserver duo auth check --org clinic-a", noArgs,
		func(ctx context.Context, _ []string) error {
			return d.authTime(ctx, "Duo takes the keys", (*duoclient.Auth).Check)
		})
}

func (d *duo) authTime(ctx context.Context, what string, ask func(*duoclient.Auth, context.Context) (time.Time, error)) error {
	o, auth, err := d.oneAuth()
	if err != nil {
		return err
	}
	var at time.Time
	err = d.reading(ctx, o, "", func(ctx context.Context) error {
		at, err = ask(auth, ctx)
		return err
	})
	if err != nil {
		return err
	}
	ahead := now().Sub(at).Round(time.Second)
	return d.show(clock{OK: true, Time: at, Ahead: ahead.Seconds()},
		fmt.Sprintf("%s; its time is %s, our clock is %s", what, instant(at), offBy(ahead)))
}

func offBy(ahead time.Duration) string {
	switch {
	case ahead.Abs() <= time.Second:
		return "the same"
	case ahead > 0:
		return ahead.String() + " ahead"
	default:
		return ahead.Abs().String() + " behind"
	}
}

// sendFlags are the flags of auth send.
type sendFlags struct {
	factor, device, kind, address, passcodeFile string
	info                                        []string
	noWait                                      bool
}

func (d *duo) authSend() *cobra.Command {
	var f sendFlags
	cmd := verb("send USER", "Ask a user for his second factor",
		`  mfaserver duo auth send alice
  mfaserver duo auth send alice --factor push --type "Request" --info From=helpdesk
  mfaserver duo auth send alice --factor passcode
  mfaserver duo auth send alice --factor sms`,
		takes("user"), func(ctx context.Context, args []string) error { return d.send(ctx, args[0], f) })
	cmd.Long = `send asks a user for his second factor and waits for the answer: a push, a call
(phone), a passcode, or what suits the device (auto). sms sends passcodes; Duo
calls that a denial, this command does not.

A passcode is asked for at the terminal or read from --passcode-file (- is
standard input). The exit code is 0 when the user is let in, 4 when not.`
	flags := cmd.Flags()
	flags.StringVar(&f.factor, "factor", "push", "`FACTOR`: push, phone, sms, passcode or auto")
	flags.StringVar(&f.device, "device", "auto", "`ID` of the phone (DP...), or auto")
	flags.StringVar(&f.kind, "type", "", "`TEXT` on the phone before the word \"request\"")
	flags.StringArrayVar(&f.info, "info", nil, "`NAME=VALUE` to show on the phone; may be repeated")
	flags.StringVar(&f.address, "ip", "", "`ADDRESS` the user comes from")
	flags.StringVar(&f.passcodeFile, "passcode-file", "", "read the passcode from the first line of `FILE`; - is standard input")
	flags.BoolVar(&f.noWait, "no-wait", false, "do not wait for the answer; print the txid")
	return cmd
}

func (f sendFlags) params(ctx context.Context, c console, user string) (duoclient.AuthParams, error) {
	p := duoclient.AuthParams{Factor: duoclient.Factor(f.factor), Type: f.kind}
	if userID.MatchString(user) {
		p.UserID = user
	} else {
		p.Username = user
	}
	if f.address != "" {
		var err error
		if p.IPAddr, err = netip.ParseAddr(f.address); err != nil {
			return p, fmt.Errorf("%w: --ip is not an address", errUsage)
		}
	}
	for _, pair := range f.info {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return p, fmt.Errorf("%w: --info is written NAME=VALUE", errUsage)
		}
		p.PushInfo = append(p.PushInfo, duoclient.PushDetail{Name: name, Value: value})
	}
	if p.Factor != duoclient.FactorPasscode {
		p.Device = f.device
		return p, nil
	}
	var err error
	p.Passcode, err = readPasscode(ctx, c, f.passcodeFile)
	return p, err
}

// readPasscode takes a passcode from a file or the terminal.
func readPasscode(ctx context.Context, c console, file string) (secret.Secret, error) {
	if file != "" {
		return readSecretFile(c, file)
	}
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return secret.Secret{}, fmt.Errorf("%w: no terminal to ask on; use --passcode-file (- is standard input)", errUsage)
	}
	return ask(ctx, c, f, "Passcode: ")
}

func (d *duo) send(ctx context.Context, user string, f sendFlags) error {
	o, auth, err := d.oneAuth()
	if err != nil {
		return err
	}
	p, err := f.params(ctx, d.console, user)
	if err != nil {
		return err
	}
	var txid string
	deed := helpdesk.Deed{Action: helpdesk.ActionUserAsk, Subject: user, Detail: map[string]string{"factor": f.factor}}
	err = d.do(ctx, o, deed, func(ctx context.Context) error {
		txid, err = auth.AuthAsync(ctx, p)
		return err
	})
	if err != nil {
		return err
	}
	if f.noWait {
		return d.show(map[string]string{"txid": txid}, "sent; txid "+txid)
	}
	result, err := auth.Wait(ctx, txid, func(r duoclient.AuthResult) {
		d.console.complain("%s\n", printable(r.StatusMsg))
	})
	if err != nil {
		return inWhich(o, err)
	}
	if err := d.show(result, fmt.Sprintf("%s: %s", result.Result, result.StatusMsg)); err != nil {
		return err
	}
	if !result.Allowed() && (p.Factor != duoclient.FactorSMS || result.Status != "sent") {
		return fmt.Errorf("%w: %s", errDenied, printable(result.Status))
	}
	return nil
}

func (d *duo) authPreauth() *cobra.Command {
	return verb("preauth USER", "Ask what Duo would do with a user", "  mfaserver duo auth preauth alice", takes("user"),
		func(ctx context.Context, args []string) error {
			o, auth, err := d.oneAuth()
			if err != nil {
				return err
			}
			p := duoclient.PreauthParams{Username: args[0]}
			if userID.MatchString(args[0]) {
				p = duoclient.PreauthParams{UserID: args[0]}
			}
			return d.reading(ctx, o, args[0], func(ctx context.Context) error {
				got, err := auth.Preauth(ctx, p)
				if err != nil {
					return err
				}
				return showOne(d, preauthColumns(), got)
			})
		})
}

func preauthColumns() []column[duoclient.Preauth] {
	return []column[duoclient.Preauth]{
		{head: "RESULT", cell: func(p *duoclient.Preauth) string { return string(p.Result) }},
		{head: "MESSAGE", cell: func(p *duoclient.Preauth) string { return p.StatusMsg }},
		{head: "DEVICES", cell: func(p *duoclient.Preauth) string {
			return joined(p.Devices, func(d duoclient.AuthDevice) string {
				return fmt.Sprintf("%s %s (%s)", d.Device, d.DisplayName, strings.Join(d.Capabilities, " "))
			})
		}},
	}
}

func (d *duo) authEnroll() *cobra.Command {
	var valid time.Duration
	cmd := verb("enroll [USER]", "Make a user with a phone to activate", "  mfaserver duo auth enroll alice --valid 48h", nil,
		func(ctx context.Context, args []string) error {
			if len(args) > 1 {
				return takes("user")(&cobra.Command{Use: "enroll"}, args)
			}
			return d.enrollByAuth(ctx, strings.Join(args, ""), valid)
		})
	cmd.Long = `enroll makes a user, with a phone that has no number, and prints what activates
it: a URL to open on the phone and a QR code to scan with Duo Mobile. Without a
name Duo makes one up. "duo users enroll" does more.`
	cmd.Flags().DurationVar(&valid, "valid", 24*time.Hour, "the activation is good for `DURATION`")
	return cmd
}

func (d *duo) enrollByAuth(ctx context.Context, name string, valid time.Duration) error {
	o, auth, err := d.oneAuth()
	if err != nil {
		return err
	}
	var e *duoclient.Enrollment
	deed := helpdesk.Deed{Action: helpdesk.ActionUserEnroll, Subject: name, Detail: map[string]string{"valid": valid.String()}}
	err = d.do(ctx, o, deed, func(ctx context.Context) error {
		e, err = auth.Enroll(ctx, duoclient.EnrollParams{Username: name, Valid: valid})
		return err
	})
	if err != nil {
		return err
	}
	if d.output == "json" {
		return d.reveal(e)
	}
	err = d.say("made user %s (%s)\nactivation URL: %s\nIt is good until %s.",
		printable(e.Username), e.UserID, printable(e.ActivationURL.Reveal()), instant(e.Expiration))
	return errors.Join(err, d.printQR(e.ActivationBarcode.Reveal(), e.ActivationURL.Reveal()))
}

func (d *duo) authEnrollStatus() *cobra.Command {
	var file string
	cmd := verb("enroll-status USER_ID", "Ask whether a phone made by enroll is activated",
		"  mfaserver duo auth enroll-status DUXXXXXXXXXXXXXXXXXX --code-file -", takes("user id"),
		func(ctx context.Context, args []string) error {
			o, auth, err := d.oneAuth()
			if err != nil {
				return err
			}
			code, err := readPasscode(ctx, d.console, file)
			if err != nil {
				return err
			}
			return d.reading(ctx, o, args[0], func(ctx context.Context) error {
				state, err := auth.EnrollStatus(ctx, args[0], code.Reveal())
				if err != nil {
					return err
				}
				return d.show(map[string]string{"status": string(state)}, string(state))
			})
		})
	cmd.Flags().StringVar(&file, "code-file", "", "read the activation code (duo://...) from `FILE`; - is standard input")
	return cmd
}

func (d *duo) authLogo() *cobra.Command {
	return verb("logo FILE", "Save the account's logo, a PNG", "  mfaserver duo auth logo logo.png", takes("file"),
		func(ctx context.Context, args []string) error {
			o, auth, err := d.oneAuth()
			if err != nil {
				return err
			}
			data, err := auth.Logo(ctx)
			if err != nil {
				return inWhich(o, err)
			}
			if err := writePrivate(args[0], data); err != nil {
				return fmt.Errorf("logo: %w", err)
			}
			return d.show(map[string]any{"file": args[0], "bytes": len(data)}, fmt.Sprintf("wrote %d bytes to %s", len(data), args[0]))
		})
}

func (d *duo) authCall() *cobra.Command {
	return d.call("Auth API", "/auth/", "  mfaserver duo auth call GET /auth/v2/check\n  mfaserver duo auth call POST /auth/v2/preauth username=alice",
		func(ctx context.Context) (caller, *helpdesk.Org, error) {
			o, auth, err := d.oneAuth()
			if err != nil {
				return nil, nil, err
			}
			return func(ctx context.Context, method, path string, params url.Values) (duoclient.Raw, error) {
				raw, err := auth.Call(ctx, method, path, params)
				return duoclient.Raw{Response: raw}, err
			}, o, nil
		})
}
