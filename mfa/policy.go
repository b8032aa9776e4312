package mfa

import (
	"regexp"
	"slices"
	"strings"

	"mfaserver/duoclient"
)

// Policy decides which of Duo's allows are enough. Duo says allow also when
// nobody proved anything: for users in bypass, users it does not know, trusted
// networks (threats T042, T043). The zero value takes only the reasons
// user_approved, valid_passcode (a bypass code included) and
// remembered_device.
type Policy struct {
	// AllowReasons are further reasons, in Duo's words, for example
	// trusted_network.
	AllowReasons []string
	// DenyFactors are factors, in Duo's words, that are not enough whatever
	// the reason, for example bypass_code or sms_passcode.
	DenyFactors []string
}

// Duo's words.
const (
	eventAuthentication = "authentication"
	eventEnrollment     = "enrollment"
	resultSuccess       = "success"

	reasonUserApproved     = "user_approved"
	reasonValidPasscode    = "valid_passcode"
	reasonRememberedDevice = "remembered_device"
	reasonBypassUser       = "bypass_user"

	factorPush  = "duo_push"
	factorPhone = "phone_call"
	factorU2F   = "u2f_token"
)

// Reasons of mfa.policy_refused records.
const (
	policyResult    = "result"
	policyEventType = "event_type"
	policyReason    = "reason"
	policyFactor    = "factor"
)

// accepts reports whether the outcome is enough; why names the field that is
// not. Empty and unknown values of event type and reason never are.
func (p Policy) accepts(ac duoclient.AuthContext, enrolling bool) (why string, ok bool) {
	switch {
	case ac.Result != "" && ac.Result != resultSuccess:
		return policyResult, false
	case ac.EventType != eventAuthentication && (ac.EventType != eventEnrollment || !enrolling):
		return policyEventType, false
	case !p.allowsReason(ac.Reason):
		return policyReason, false
	case slices.Contains(p.DenyFactors, ac.Factor):
		return policyFactor, false
	default:
		return "", true
	}
}

// mayAsk reports whether a factor of the Auth API can be enough. Which of its
// passcodes a user has typed Duo does not say there, so that denying one kind
// denies them all.
func (p Policy) mayAsk(factor string) bool {
	return !slices.ContainsFunc(p.DenyFactors, func(denied string) bool {
		switch factor {
		case FactorPush:
			return denied == factorPush
		case FactorPhone:
			return denied == factorPhone
		case FactorAuto:
			return denied == factorPush || denied == factorPhone
		default: // passcode, or an SMS with some
			code := strings.Contains(denied, "code") || strings.Contains(denied, "token")
			return code && denied != factorU2F
		}
	})
}

// factorName is Duo's word, in records of logins, for a factor of the Auth API.
func factorName(factor string) string {
	switch factor {
	case FactorPush:
		return factorPush
	case FactorPhone:
		return factorPhone
	default:
		return factor
	}
}

func (p Policy) allowsReason(reason string) bool {
	switch reason {
	case "":
		return false
	case reasonUserApproved, reasonValidPasscode, reasonRememberedDevice:
		return true
	default:
		return slices.Contains(p.AllowReasons, reason)
	}
}

// valid reports whether all names could be Duo's.
func (p Policy) valid() bool {
	word := regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
	return !slices.ContainsFunc(slices.Concat(p.AllowReasons, p.DenyFactors), func(name string) bool {
		return !word.MatchString(name)
	})
}

func (p Policy) clone() Policy {
	return Policy{AllowReasons: slices.Clone(p.AllowReasons), DenyFactors: slices.Clone(p.DenyFactors)}
}
