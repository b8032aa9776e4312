package web

import (
	"strings"

	"mfaserver/internal/secret"
	"mfaserver/internal/token"
	"mfaserver/mfa"
)

// typing is what was given as the password, taken apart: password,factor with
// the factor behind the last comma.
type typing struct {
	password secret.Secret
	// proof is set when a factor of Duo's stands behind the password.
	proof mfa.Proof
	// breakGlass is the code that stands there; empty when there is none.
	breakGlass string
}

// Lengths of Duo's passcodes: those of phones and tokens have 6 to 8 digits,
// those of a help desk up to 9.
const (
	minPasscode = 6
	maxPasscode = 9
)

// split looks for a factor behind the last comma. Only a text that has the form
// of one is taken for it; a password may hold commas. A break-glass code is
// taken off in any case: it must not reach a directory as part of a password.
func split(typed secret.Secret, passcodes bool) typing {
	text := typed.Reveal()
	i := strings.LastIndexByte(text, ',')
	if i < 0 {
		return typing{password: typed}
	}
	password, tail := secret.New(text[:i]), strings.TrimSpace(text[i+1:])
	if kind, ours := token.KindOf(tail); ours && kind == token.KindBreakGlass {
		return typing{password: password, breakGlass: tail}
	}
	if !passcodes {
		return typing{password: typed}
	}
	if proof, ok := factor(tail); ok {
		return typing{password: password, proof: proof}
	}
	return typing{password: typed}
}

func factor(tail string) (mfa.Proof, bool) {
	switch word := strings.ToLower(tail); word {
	case mfa.FactorPush, mfa.FactorPhone, mfa.FactorSMS, mfa.FactorAuto:
		return mfa.Proof{Factor: word}, true
	}
	if len(tail) < minPasscode || len(tail) > maxPasscode || strings.Trim(tail, "0123456789") != "" {
		return mfa.Proof{}, false
	}
	return mfa.Proof{Factor: mfa.FactorPasscode, Passcode: secret.New(tail)}, true
}
