package mirth_test

import (
	"errors"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

func TestNormalizeServerURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"https://good.example", "https://good.example"},
		{"https://good.example/", "https://good.example"},
		{"HTTPS://GOOD.Example", "https://good.example"},
		{"https://good.example:443", "https://good.example"},
		{"https://good.example:443/", "https://good.example"},
		{"https://good.example:8443", "https://good.example:8443"},
		{"https://localhost:8443", "https://localhost:8443"},
		{"https://127.0.0.1:18445", "https://127.0.0.1:18445"},
		{"https://[::1]", "https://[::1]"},
		{"https://[0:0:0:0:0:0:0:1]:8443", "https://[::1]:8443"},
		{"https://[2001:DB8::A]:443", "https://[2001:db8::a]"},
		{"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
	}
	for _, tt := range tests {
		got, err := mirth.NormalizeServerURL(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("NormalizeServerURL(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
		again, err := mirth.NormalizeServerURL(got)
		if err != nil || again != got {
			t.Errorf("NormalizeServerURL(%q) = %q, %v: not stable", got, again, err)
		}
	}
}

// Threat T021: nothing that URL parsers read in different ways; Threat T020:
// the result is an origin and nothing else; Threat T050: no plain HTTP.
func TestNormalizeServerURLRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want error
	}{
		{"", mirth.ErrServerURLScheme},
		{"good", mirth.ErrServerURLScheme},
		{"http://good", mirth.ErrServerURLScheme},
		{"//evil", mirth.ErrServerURLScheme},
		{"javascript:alert(1)", mirth.ErrServerURLScheme},
		{"https:good", mirth.ErrServerURLScheme},
		{"https:/good", mirth.ErrServerURLScheme},
		{`https:\\good`, mirth.ErrServerURLScheme},
		{" https://good", mirth.ErrServerURLScheme},
		{"https://good@evil", mirth.ErrServerURLUserinfo},
		{"https://good:443@evil:443", mirth.ErrServerURLUserinfo},
		{"https://:@good", mirth.ErrServerURLUserinfo},
		{`https://good\@evil`, mirth.ErrServerURLUserinfo},
		{`https://good\.evil`, mirth.ErrServerURLPath},
		{"https://good/..//evil", mirth.ErrServerURLPath},
		{"https://good//", mirth.ErrServerURLPath},
		{"https:///evil", mirth.ErrServerURLPath},
		{"https://good/api", mirth.ErrServerURLPath},
		{"https://good?x", mirth.ErrServerURLPath},
		{"https://good#x", mirth.ErrServerURLPath},
		{"https://", mirth.ErrServerURLHost},
		{"https:///", mirth.ErrServerURLHost},
		{"https://good%2eevil", mirth.ErrServerURLHost},
		{"https://good.", mirth.ErrServerURLHost},
		{"https://good..evil", mirth.ErrServerURLHost},
		{"https://.good", mirth.ErrServerURLHost},
		{"https://-good", mirth.ErrServerURLHost},
		{"https://good-", mirth.ErrServerURLHost},
		{"https://go_od", mirth.ErrServerURLHost},
		{"https://good ", mirth.ErrServerURLHost},
		{"https://good\t", mirth.ErrServerURLHost},
		{"https://good\x00", mirth.ErrServerURLHost},
		{"https://good\r\nHost: evil", mirth.ErrServerURLHost},
		{"https://gооd.example", mirth.ErrServerURLHost}, // Cyrillic letters
		{"https://good。example", mirth.ErrServerURLHost},
		{"https://ｇood", mirth.ErrServerURLHost},
		{"https://*", mirth.ErrServerURLHost},
		{"https://2130706433", mirth.ErrServerURLHost},
		{"https://127.1", mirth.ErrServerURLHost},
		{"https://0x7f.0.0.1", mirth.ErrServerURLHost},
		{"https://0127.0.0.1", mirth.ErrServerURLHost},
		{"https://[::1", mirth.ErrServerURLHost},
		{"https://[::1]x", mirth.ErrServerURLHost},
		{"https://[fe80::1%25eth0]", mirth.ErrServerURLHost},
		{"https://[::ffff:127.0.0.1]", mirth.ErrServerURLHost},
		{"https://[127.0.0.1]", mirth.ErrServerURLHost},
		{"https://::1", mirth.ErrServerURLHost},
		{"https://" + strings.Repeat("a", 64), mirth.ErrServerURLHost},
		{"https://good:", mirth.ErrServerURLPort},
		{"https://good:0", mirth.ErrServerURLPort},
		{"https://good:0443", mirth.ErrServerURLPort},
		{"https://good:+443", mirth.ErrServerURLPort},
		{"https://good:65536", mirth.ErrServerURLPort},
		{"https://good:443:443", mirth.ErrServerURLPort},
		{"https://good:https", mirth.ErrServerURLPort},
		{"https://" + strings.Repeat("a.", 32<<10), mirth.ErrServerURL},
	}
	for _, tt := range tests {
		got, err := mirth.NormalizeServerURL(tt.in)
		if !errors.Is(err, tt.want) || !errors.Is(err, mirth.ErrServerURL) || got != "" {
			t.Errorf("NormalizeServerURL(%.60q) = %q, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}
