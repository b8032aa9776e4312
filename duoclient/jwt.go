package duoclient

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// algorithm is fixed by Duo, for both directions.
	algorithm = "HS512"
	// signedHeader is {"alg":"HS512","typ":"JWT"} in base64url.
	signedHeader = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9"
	// signatureLength is that of 64 bytes in base64url.
	signatureLength = 86
	maxToken        = 64 << 10
)

// signJWT makes the compact form of claims, a JSON object, with HMAC-SHA512,
// and puts it behind before.
func signJWT(before string, claims, key []byte) (string, error) {
	var stack [1024]byte // enough for all but long names; longer ones are put on the heap
	segment := base64.RawURLEncoding.AppendEncode(stack[:0], claims)
	var b strings.Builder
	b.Grow(len(before) + len(signedHeader) + 1 + len(segment) + 1 + signatureLength)
	b.WriteString(before)
	b.WriteString(signedHeader)
	b.WriteByte('.')
	b.Write(segment)
	mac, err := jwt.SigningMethodHS512.Sign(b.String()[len(before):], key)
	if err != nil {
		return "", fmt.Errorf("%w: signing: %w", ErrConfig, err)
	}
	b.WriteByte('.')
	b.Write(base64.RawURLEncoding.AppendEncode(stack[:0], mac))
	return b.String(), nil
}

// openJWT gives the claims of a token that key signed, as they were signed.
// The order is fixed: size, segments, encoding, header, signature. The
// algorithm comes from here and never from the token (RFC 8725 section 3.1);
// a header member that would change the meaning of the token is refused even
// when signed.
func openJWT(token string, key []byte) ([]byte, error) {
	if len(token) > maxToken {
		return nil, badToken(ErrTokenMalformed, "too large")
	}
	if strings.Count(token, ".") != 2 {
		return nil, badToken(ErrTokenMalformed, "not three segments")
	}
	var parts [3][]byte
	for i, segment := range strings.Split(token, ".") {
		var err error
		if parts[i], err = decodeSegment(segment); err != nil {
			return nil, err
		}
	}
	if err := checkHeader(parts[0]); err != nil {
		return nil, err
	}
	signed := token[:strings.LastIndexByte(token, '.')]
	if err := jwt.SigningMethodHS512.Verify(signed, parts[2], key); err != nil {
		return nil, badToken(ErrTokenSignature, "HMAC differs")
	}
	return parts[1], nil
}

// decodeSegment takes canonical base64url without padding only. The line
// breaks that Go's decoder skips even in strict mode are refused first.
func decodeSegment(segment string) ([]byte, error) {
	if strings.ContainsAny(segment, "\r\n") {
		return nil, badToken(ErrTokenMalformed, "segment is not base64url")
	}
	data, err := jwt.NewParser(jwt.WithStrictDecoding()).DecodeSegment(segment)
	if err != nil {
		return nil, badToken(ErrTokenMalformed, "segment is not base64url")
	}
	return data, nil
}

func checkHeader(data []byte) error {
	header, err := parseObject(data)
	if err != nil {
		return badToken(ErrTokenMalformed, "header: "+err.Error())
	}
	if header["alg"] != algorithm {
		return badToken(ErrTokenAlgorithm, "header alg")
	}
	for name, value := range header {
		switch {
		case name == "alg":
		case name == "typ" && value == "JWT":
		default:
			return badToken(ErrTokenAlgorithm, "header member "+foreignText(name, nil)+" is not known")
		}
	}
	return nil
}
