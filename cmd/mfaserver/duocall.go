package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// maxValue bounds a parameter that is read from a file, in bytes.
const maxValue = 1 << 20

// callFlags are the flags of a generic call.
type callFlags struct {
	consent consent
	reveal  bool
}

// caller makes a generic call of one API.
type caller func(ctx context.Context, method, path string, params url.Values) (duoclient.Raw, error)

// call is the command of a generic call; open gives the API's client.
func (d *duo) call(api, prefix, example string, open func(ctx context.Context) (caller, *helpdesk.Org, error)) *cobra.Command {
	var f callFlags
	cmd := verb("call METHOD PATH [NAME=VALUE...]", "Make any call of Duo's "+api, example, takesMore("method", "path"),
		func(ctx context.Context, args []string) error {
			params, err := d.parameters(args[2:])
			if err != nil {
				return err
			}
			return d.makeCall(ctx, f, strings.ToUpper(args[0]), args[1], params, open)
		})
	cmd.Long = `call makes any call below ` + prefix + ` and prints Duo's response as JSON. Parameters
are NAME=VALUE; NAME=@FILE takes the value from a file, or from standard input
(@-), and is the way for what nobody else should see. A GET is one page; limit
and offset are parameters like others.

Secret keys and passwords in the response are hidden unless --reveal is given.
DELETE asks first.`
	f.consent.flags(cmd)
	cmd.Flags().BoolVar(&f.reveal, "reveal", false, "print secret keys and passwords too")
	return cmd
}

func (d *duo) makeCall(ctx context.Context, f callFlags, method, path string, params url.Values, open func(ctx context.Context) (caller, *helpdesk.Org, error)) error {
	do, o, err := open(ctx)
	if err != nil {
		return err
	}
	if method == http.MethodDelete || method != http.MethodGet && f.consent.dryRun {
		if ahead, err := d.ask(f.consent, fmt.Sprintf("send %s %s%s", method, path, ofOrg(o))); err != nil || !ahead {
			return err
		}
	}
	var raw duoclient.Raw
	deed := helpdesk.Deed{Action: helpdesk.ActionCall, Detail: map[string]string{"method": method, "path": path}}
	err = d.do(ctx, o, deed, func(ctx context.Context) error {
		var err error
		raw, err = do(ctx, method, path, params)
		return err
	})
	if err != nil {
		return err
	}
	return d.printRaw(raw.Response, f.reveal)
}

// parameters reads NAME=VALUE arguments.
func (d *duo) parameters(args []string) (url.Values, error) {
	params := make(url.Values)
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%w: parameters are written NAME=VALUE", errUsage)
		}
		if file, ok := strings.CutPrefix(value, "@"); ok {
			var err error
			if value, err = d.readValue(file); err != nil {
				return nil, err
			}
		}
		params.Add(name, value)
	}
	return params, nil
}

// readValue reads a parameter from a file, without the line's end.
func (d *duo) readValue(path string) (string, error) {
	in := d.console.in
	if path != "-" {
		f, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return "", fmt.Errorf("%w: %w", errUsage, err)
		}
		defer f.Close() //nolint:errcheck // opened for reading
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxValue+1))
	if err != nil {
		return "", fmt.Errorf("reading a parameter: %w", err)
	}
	if len(data) > maxValue {
		return "", fmt.Errorf("%w: a parameter has at most %d bytes", errUsage, maxValue)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// printRaw prints what Duo sent.
func (d *duo) printRaw(raw json.RawMessage, reveal bool) error {
	if len(raw) == 0 {
		return printJSON(d.console.out, nil)
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("%w: the response is no JSON", duoclient.ErrMalformedResponse)
	}
	if !reveal {
		hideSecrets(v)
	}
	return printJSON(d.console.out, v)
}

// hideSecrets replaces the values of members that hold keys and passwords.
func hideSecrets(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if text, ok := value.(string); ok && text != "" && isSecretName(name) {
				v[name] = "[REDACTED]"
				continue
			}
			hideSecrets(value)
		}
	case []any:
		for _, value := range v {
			hideSecrets(value)
		}
	}
}

func isSecretName(name string) bool {
	return slices.Contains([]string{"secret_key", "skey", "client_secret", "password", "secret", "aes_key", "private_id"}, strings.ToLower(name))
}
