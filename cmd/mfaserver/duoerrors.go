package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/apiclient"
	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/store/redis"
)

// duoExit is the exit code of an error of Duo's client, 0 when err is none.
func duoExit(err error) int {
	switch {
	case isAny(err, errDenied, errAmbiguous, helpdesk.ErrPolicy, helpdesk.ErrUnknownOrg, helpdesk.ErrRows):
		return exitRefused
	case isAny(err, helpdesk.ErrConfig, helpdesk.ErrNoCredentials, helpdesk.ErrNoChild):
		return exitConfig
	}
	if !fromDuo(err) {
		return exitOK
	}
	switch duoclient.Classify(err) {
	case duoclient.ClassRefusal:
		return exitRefused
	case duoclient.ClassMisconfigured, duoclient.ClassClockSkew, duoclient.ClassUntrusted:
		return exitConfig
	case duoclient.ClassOutage, duoclient.ClassBusy, duoclient.ClassMalformed:
		return exitUnavailable
	default:
		return exitFailure
	}
}

// errDenied: Duo answered, and said no.
var errDenied = errors.New("denied")

// errNoChange: a command that changes was told of no change.
var errNoChange = fmt.Errorf("%w: there is nothing to change; say what", errUsage)

// fromDuo reports whether err is one of Duo's client.
func fromDuo(err error) bool {
	if _, ok := errors.AsType[*duoclient.APIError](err); ok {
		return true
	}
	return isAny(err,
		duoclient.ErrOutage, duoclient.ErrRateLimited, duoclient.ErrMisconfigured, duoclient.ErrClockSkew,
		duoclient.ErrUntrustedServer, duoclient.ErrMalformedResponse, duoclient.ErrNotSent, duoclient.ErrBusy,
		duoclient.ErrBadParameter, duoclient.ErrDuplicate, duoclient.ErrNotFound, duoclient.ErrConfig,
		duoclient.ErrArgument, duoclient.ErrInvalid)
}

// rooms are the packages that an error of ours may begin with.
var rooms = regexp.MustCompile(`^((apiclient|audit|control|loadgen|primary|session|sqlite|store|token|upstream): )+`)

// sentence is an error in words for people: each line on its own, without the
// names of our packages.
func sentence(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		line = rooms.ReplaceAllString(strings.TrimPrefix(line, errUsage.Error()+": "), "")
		lines[i] = printable(strings.NewReplacer("duoclient: ", "", "helpdesk: ", "", "apiclient: ", "").Replace(line))
	}
	return strings.Join(lines, "\n")
}

// advice is what to do next about an error, empty when there is nothing to say.
func advice(err error) string {
	if api, ok := errors.AsType[*duoclient.APIError](err); ok {
		return api.Advice()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, duoclient.ErrUntrustedServer):
		return "Somebody else answers at Duo's address. Look at api_hostname, duo.ca and the proxy; tell your network's people."
	case errors.Is(err, duoclient.ErrOutage):
		return "Look at the network, the proxy (duo.http_proxy) and Duo's status page, then try again."
	case errors.Is(err, apiclient.ErrServerURL):
		return "With --paste the browser comes back to the server, and you paste what it shows; --server is then one of the server's public URLs."
	case errors.Is(err, apiclient.ErrUntrusted):
		return "Name the authority of the server's certificate with --ca-file, if it has one of its own."
	case errors.Is(err, redis.ErrWrongKey):
		return "Nodes that share a store need the same keys: copy the keys_dir of a node that works. " +
			"Two installations on one server need a store.redis.prefix each."
	case isAny(err, redis.ErrUnreachable, redis.ErrNotPrimary, redis.ErrReplicas):
		return "Look at store.redis, the server and its replicas, and the network, then try again."
	default:
		return ""
	}
}

// inWhich says of which organisation an error is.
func inWhich(o *helpdesk.Org, err error) error {
	if err == nil || o == nil || o.Name() == config.DefaultOrganization {
		return err
	}
	return fmt.Errorf("%s: %w", o.Name(), err)
}
