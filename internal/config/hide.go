package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// shownDuo is a [Duo] that prints as any struct does, without the password of
// its proxy. Its other secrets hide themselves.
type shownDuo Duo

func (d Duo) shown() shownDuo {
	if d.HTTPProxy != "" {
		d.HTTPProxy = redactURL(d.HTTPProxy)
	}
	return shownDuo(d)
}

// Format implements [fmt.Formatter]: no verb prints the password of the proxy.
func (d Duo) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), d.shown())
}

// LogValue implements [slog.LogValuer].
func (d Duo) LogValue() slog.Value { return slog.AnyValue(d.shown()) }

// MarshalJSON implements [json.Marshaler].
func (d Duo) MarshalJSON() ([]byte, error) { return json.Marshal(d.shown()) }
