package mirth_test

import (
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

func TestNegotiate(t *testing.T) {
	t.Parallel()
	const none = mirth.Format(-1)
	tests := []struct {
		name   string
		accept []string
		want   mirth.Format
	}{
		{"recorded: none", nil, mirth.FormatXML},
		{"recorded: anything", []string{"*/*"}, mirth.FormatXML},
		{"recorded: XML", []string{"application/xml"}, mirth.FormatXML},
		{"recorded: JSON", []string{"application/json"}, mirth.FormatJSON},
		{"recorded: q-values", []string{"application/json;q=0.9, application/xml;q=0.1"}, mirth.FormatJSON},
		{"recorded: the Java client's two lines", []string{"application/xml", "application/json"}, mirth.FormatXML},
		{"recorded: HTML", []string{"text/html"}, none},
		{"recorded: plain text", []string{"text/plain"}, none},
		{"blank", []string{"", " "}, mirth.FormatXML},
		{"JSON first", []string{"application/json, application/xml"}, mirth.FormatJSON},
		{"JSON on the first line", []string{"application/json", "application/xml"}, mirth.FormatJSON},
		{"q on the other", []string{"application/xml;q=0.2", "application/json;q=0.3"}, mirth.FormatJSON},
		{"a browser", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, mirth.FormatXML},
		{"JSON or anything", []string{"application/json, */*"}, mirth.FormatJSON},
		{"JSON, then plain text", []string{"application/json, text/plain, */*"}, mirth.FormatJSON},
		{"anything but XML", []string{"*/*, application/xml;q=0"}, mirth.FormatJSON},
		{"application/*", []string{"application/*"}, mirth.FormatXML},
		{"q=0", []string{"application/json;q=0"}, none},
		{"everything refused", []string{"*/*;q=0"}, none},
		{"upper case", []string{"APPLICATION/JSON"}, mirth.FormatJSON},
		{"parameter", []string{"application/json; charset=utf-8"}, mirth.FormatJSON},
		{"comma in quotes", []string{`text/html; a="x,application/json"`}, none},
		{"escaped quote", []string{`text/html; a="\",application/json"`}, none},
		{"bad q is skipped", []string{"application/json;q=2, application/xml;q=0.1"}, mirth.FormatXML},
		{"garbage", []string{"/;;=,"}, none},
		{"garbage, then JSON", []string{"/;;=", "application/json"}, mirth.FormatJSON},
		{"empty ranges do not count", []string{strings.Repeat(", ", 200) + "application/json"}, mirth.FormatJSON},
		{"too many ranges", []string{strings.Repeat("a/b,", 64) + "application/json"}, none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := mirth.Negotiate(tt.accept)
			if ok != (tt.want != none) || ok && got != tt.want {
				t.Errorf("Negotiate(%q) = %v, %t, want %v", tt.accept, got, ok, tt.want)
			}
		})
	}
}
