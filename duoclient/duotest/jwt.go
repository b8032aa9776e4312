package duotest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// leeway is how far clocks may be apart (as Duo's SDKs have it), and maxLife
// the longest life of a JWT: Duo's Java SDK asks for an hour.
const (
	leeway  = time.Minute
	maxLife = time.Hour
)

// Errors of a JWT. They show on the error page, so they speak to developers.
var (
	errJWTForm      = errors.New("the JWT is malformed")
	errJWTAlgorithm = errors.New("the JWT's algorithm is not HS512")
	errJWTSignature = errors.New("the JWT's signature does not verify")
	errJWTExpiry    = errors.New("the JWT is expired, or expires too late, or has no exp")
)

// claims is a JWT's payload. Numbers are json.Number.
type claims map[string]any

// verifyJWT checks form, algorithm and signature, nothing else. typ and the
// order of the header are free: SDKs differ.
func verifyJWT(token, secret string) (claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errJWTForm
	}
	var header map[string]any
	if err := decodeSegment(parts[0], &header); err != nil {
		return nil, err
	}
	if header["alg"] != "HS512" {
		return nil, errJWTAlgorithm
	}
	if _, ok := header["crit"]; ok {
		return nil, errJWTForm
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return nil, errJWTForm
	}
	if !hmac.Equal(signature, sign(sha512.New, secret, parts[0]+"."+parts[1])) {
		return nil, errJWTSignature
	}
	var c claims
	if err := decodeSegment(parts[1], &c); err != nil {
		return nil, err
	}
	return c, nil
}

// decodeSegment reads one JSON object out of unpadded base64url.
func decodeSegment[M ~map[string]any](segment string, into *M) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return errJWTForm
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil || *into == nil {
		return errJWTForm
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errJWTForm
	}
	return nil
}

func sign(newHash func() hash.Hash, secret, text string) []byte {
	mac := hmac.New(newHash, []byte(secret))
	_, _ = io.WriteString(mac, text) // a hash takes everything
	return mac.Sum(nil)
}

// text is a claim that is a string; anything else is empty.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// absentOr says whether the claim is missing or one of the texts.
func (c claims) absentOr(name string, texts ...string) bool {
	v, present := c[name]
	if !present {
		return true
	}
	for _, t := range texts {
		if v == t {
			return true
		}
	}
	return false
}

// audience is aud: a string (most SDKs) or an array of one (the Go SDK).
func (c claims) audience() (string, bool) {
	switch v := c["aud"].(type) {
	case string:
		return v, true
	case []any:
		if len(v) != 1 {
			return "", false
		}
		s, ok := v[0].(string)
		return s, ok
	default:
		return "", false
	}
}

// expiry checks exp, which comes as an integer, a float (Python) or a string
// (C#), and returns it.
func (c claims) expiry(now time.Time) (time.Time, error) {
	var text string
	switch v := c["exp"].(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return time.Time{}, errJWTExpiry
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return time.Time{}, errJWTExpiry
	}
	exp := time.Unix(int64(seconds), 0)
	if !now.Before(exp.Add(leeway)) || exp.After(now.Add(maxLife+leeway)) {
		return time.Time{}, errJWTExpiry
	}
	return exp, nil
}

// signIDToken makes the ID token's text, with whatever is to be wrong in it.
func signIDToken(payload object, secret string, f IDTokenFaults) (string, error) {
	algorithm := "HS512"
	if f.Algorithm != "" {
		algorithm = f.Algorithm
	}
	if f.Secret != "" {
		secret = f.Secret
	}
	header, err := f.Header.spoil(object{{"alg", algorithm}, {"typ", "JWT"}})
	if err != nil {
		return "", fmt.Errorf("duotest: encode JOSE header: %w", err)
	}
	body, err := f.Claims.spoil(payload)
	if err != nil {
		return "", fmt.Errorf("duotest: encode claims: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	token := text + "." + base64.RawURLEncoding.EncodeToString(f.signature(algorithm, secret, text))
	if f.Rewrite != nil {
		token = f.Rewrite(token)
	}
	return token, nil
}

func (f IDTokenFaults) signature(algorithm, secret, text string) []byte {
	var signature []byte
	switch {
	case f.EmptySignature, strings.EqualFold(algorithm, "none"):
	case algorithm == "HS256":
		signature = sign(sha256.New, secret, text)
	case algorithm == "HS384":
		signature = sign(sha512.New384, secret, text)
	default:
		signature = sign(sha512.New, secret, text)
	}
	if f.BreakSignature && len(signature) > 0 {
		signature[len(signature)/2] ^= 1
	}
	return signature
}
