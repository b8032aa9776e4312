package mirth

import (
	"errors"
	"fmt"
)

// Errors of Encode.
var (
	// ErrCharacter: a text holds a character that XML 1.0 (section 2.2)
	// cannot carry, or is not UTF-8. It is refused, never replaced.
	ErrCharacter = errors.New("mirth: character not allowed")
	// ErrValue: a number or time is outside what the field can carry.
	ErrValue = errors.New("mirth: value not allowed")
)

// Refusals of the Parse functions. Each but [ErrUnknownStatus] and [ErrValue],
// which Encode shares, also matches [ErrBody].
var (
	ErrBody             = errors.New("mirth: body refused")
	ErrBodySize         = fmt.Errorf("%w: too large", ErrBody)
	ErrBodyContentType  = fmt.Errorf("%w: neither application/xml nor application/json", ErrBody)
	ErrBodyCharset      = fmt.Errorf("%w: not UTF-8", ErrBody)
	ErrBodyMalformed    = fmt.Errorf("%w: malformed", ErrBody)
	ErrBodyMarkup       = fmt.Errorf("%w: comment, CDATA, entity, DTD or processing instruction", ErrBody)
	ErrBodyDepth        = fmt.Errorf("%w: nested too deep", ErrBody)
	ErrBodyRoots        = fmt.Errorf("%w: not exactly one root", ErrBody)
	ErrUnknownRoot      = fmt.Errorf("%w: unknown root", ErrBody)
	ErrUnknownElement   = fmt.Errorf("%w: unknown element", ErrBody)
	ErrDuplicateElement = fmt.Errorf("%w: element given twice", ErrBody)
	ErrMissingElement   = fmt.Errorf("%w: element missing", ErrBody)
	ErrAttribute        = fmt.Errorf("%w: attribute", ErrBody)

	// ErrUnknownStatus: a status outside the six of the engine.
	ErrUnknownStatus = errors.New("mirth: unknown status")
)

// Refusals of [ParseLoginData]. Each also matches [ErrLoginData].
var (
	ErrLoginData         = errors.New("mirth: login data refused")
	ErrLoginDataSize     = fmt.Errorf("%w: too long", ErrLoginData)
	ErrLoginDataBytes    = fmt.Errorf("%w: control byte", ErrLoginData)
	ErrLoginDataFields   = fmt.Errorf("%w: not five non-empty fields", ErrLoginData)
	ErrLoginDataUsername = fmt.Errorf("%w: username too long", ErrLoginData)
	ErrLoginDataStatus   = fmt.Errorf("%w: unknown primary status", ErrLoginData)
	ErrLoginDataCode     = fmt.Errorf("%w: code", ErrLoginData)
	ErrLoginDataState    = fmt.Errorf("%w: state", ErrLoginData)
	ErrLoginDataBase64   = fmt.Errorf("%w: redirect URI is not canonical base64", ErrLoginData)
	ErrLoginDataRedirect = fmt.Errorf("%w: redirect URI holds other than visible ASCII", ErrLoginData)
)

// Refusals of [NormalizeServerURL]. Each also matches [ErrServerURL].
var (
	ErrServerURL         = errors.New("mirth: server URL refused")
	ErrServerURLScheme   = fmt.Errorf("%w: must begin with https://", ErrServerURL)
	ErrServerURLUserinfo = fmt.Errorf("%w: must not hold a user name", ErrServerURL)
	ErrServerURLPath     = fmt.Errorf("%w: must end after host and port", ErrServerURL)
	ErrServerURLHost     = fmt.Errorf("%w: bad host", ErrServerURL)
	ErrServerURLPort     = fmt.Errorf("%w: bad port", ErrServerURL)
)
