package mirth

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Limits of the login data header, in bytes.
const (
	MaxLoginData         = 4096
	maxLoginDataUsername = 256
	maxCode              = 1024
	stateLength          = 36
)

// LoginData is the value of the X-Mirth-Login-Data header of the second login
// call: username, primary status, Duo's code, state and the redirect URI,
// joined by colons, the last in base64. All of it is the client's word.
//
// Code and state open a session, so a LoginData neither prints nor logs; only
// String gives the header value.
type LoginData struct {
	// username is kept as the bytes that came: clients send UTF-8 or Latin-1.
	username      string
	PrimaryStatus Status
	Code          string
	State         string
	RedirectURI   string
}

// NewLoginData makes the value a client has to send, with the username in
// UTF-8. It checks nothing.
func NewLoginData(username string, s Status, code, state, redirectURI string) LoginData {
	return LoginData{username: username, PrimaryStatus: s, Code: code, State: state, RedirectURI: redirectURI}
}

// ParseLoginData reads a header value. It is split from the right, so that a
// username may hold colons and cannot shift the other fields. Each field has
// its own alphabet and length; the base64 is standard, padded and canonical.
// A space is allowed inside the username alone. All errors match
// [ErrLoginData].
func ParseLoginData(value string) (LoginData, error) {
	if len(value) > MaxLoginData {
		return LoginData{}, ErrLoginDataSize
	}
	for i := range len(value) {
		if value[i] < 0x20 || value[i] == 0x7F {
			return LoginData{}, ErrLoginDataBytes
		}
	}
	rest := value
	var tail [4]string // redirect URI, state, code, status
	for i := range tail {
		colon := strings.LastIndexByte(rest, ':')
		if colon < 0 || colon == len(rest)-1 {
			return LoginData{}, ErrLoginDataFields
		}
		rest, tail[i] = rest[:colon], rest[colon+1:]
	}
	d := LoginData{username: rest, PrimaryStatus: Status(tail[3]), Code: tail[2], State: tail[1]}
	if err := d.check(); err != nil {
		return LoginData{}, err
	}
	redirect, err := redirectURI(tail[0])
	if err != nil {
		return LoginData{}, err
	}
	d.RedirectURI = redirect
	return d, nil
}

// check tests all fields but the redirect URI.
func (d LoginData) check() error {
	switch {
	case d.username == "":
		return ErrLoginDataFields
	case len(d.username) > maxLoginDataUsername:
		return ErrLoginDataUsername
	case !d.PrimaryStatus.Known():
		return ErrLoginDataStatus
	case len(d.Code) > maxCode || !all(d.Code, isCodeByte):
		return ErrLoginDataCode
	case !ValidState(d.State):
		return ErrLoginDataState
	}
	return nil
}

// ValidState reports whether s has the form of a state: 36 lower-case
// hexadecimal digits.
func ValidState(s string) bool { return len(s) == stateLength && all(s, isStateByte) }

// ValidCode reports whether s can be a code of Duo: 1 to 1024 letters,
// digits, `-` and `_`.
func ValidCode(s string) bool { return s != "" && len(s) <= maxCode && all(s, isCodeByte) }

func redirectURI(encoded string) (string, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	// The decoder skips line breaks; the round trip does not.
	if err != nil || base64.StdEncoding.EncodeToString(raw) != encoded {
		return "", ErrLoginDataBase64
	}
	if !all(string(raw), func(c byte) bool { return c > 0x20 && c < 0x7F }) {
		return "", ErrLoginDataRedirect
	}
	return string(raw), nil
}

// UsernameReadings returns what the username's bytes can mean: the UTF-8
// reading when it is valid, and the Latin-1 reading when that differs. Names
// are not normalised.
func (d LoginData) UsernameReadings() []string {
	readings := make([]string, 0, 2)
	if utf8.ValidString(d.username) {
		readings = append(readings, d.username)
	}
	runes := make([]rune, len(d.username))
	for i := range len(d.username) {
		runes[i] = rune(d.username[i])
	}
	if latin := string(runes); latin != d.username {
		readings = append(readings, latin)
	}
	return readings
}

// String returns the header value. It is secret until the state is used up.
func (d LoginData) String() string {
	return strings.Join([]string{
		d.username, string(d.PrimaryStatus), d.Code, d.State,
		base64.StdEncoding.EncodeToString([]byte(d.RedirectURI)),
	}, ":")
}

// Format implements [fmt.Formatter]: every verb prints the same mark.
func (d LoginData) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[REDACTED login data]") }

// LogValue implements [slog.LogValuer].
func (d LoginData) LogValue() slog.Value { return slog.StringValue("[REDACTED login data]") }

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isStateByte(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

func isCodeByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
}
