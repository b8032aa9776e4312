package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// The versions of the line's form: without and with a chain.
const (
	schemaPlain   = 1
	schemaChained = 2
)

// timeForm is RFC 3339 in UTC, to the nanosecond.
const timeForm = "2006-01-02T15:04:05.000000000Z"

// maxDetails is how many values of Event.Detail are written; the others are
// counted in the member more_details.
const maxDetails = 16

// ErrBadLine means that a line is not one that this package writes.
var ErrBadLine = errors.New("audit: not a line of an audit trail")

// appendLine appends e as it was read, with its line feed.
func appendLine(dst []byte, e *Entry) []byte {
	if e.MAC.IsZero() {
		return append(appendBody(dst, schemaPlain, e), '}', '\n')
	}
	dst = appendMember(appendBody(dst, schemaChained, e), "prev", e.Prev.String())
	return append(appendMember(dst, "mac", e.MAC.String()), '}', '\n')
}

// appendBody appends e without what hangs it into the chain, and without its
// closing brace.
func appendBody(dst []byte, schema int64, e *Entry) []byte {
	dst = append(dst, `{"v":`...)
	dst = strconv.AppendInt(dst, schema, 10)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, e.Sequence, 10)
	dst = append(dst, `,"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, timeForm)
	dst = append(dst, '"')
	for _, m := range []struct{ name, value string }{
		{"node", e.Node},
		{"event", string(e.Name)},
		{"outcome", string(e.Outcome)},
		{"user", e.Username},
		{"unknown_user", e.UnknownUsername},
	} {
		dst = appendMember(dst, m.name, m.value)
	}
	if e.UnknownBytes > 0 {
		dst = append(dst, `,"unknown_user_bytes":`...)
		dst = strconv.AppendInt(dst, int64(e.UnknownBytes), 10)
	}
	dst = appendMember(dst, "actor", e.Actor)
	if e.Source.IsValid() {
		dst = appendMember(dst, "source", e.Source.Unmap().WithZone("").String())
	}
	if e.UserAgent != "" {
		most := maxAgent
		if schema == schemaPlain {
			most = maxText
		}
		dst = append(dst, `,"user_agent":"`...)
		dst = append(appendCut(dst, e.UserAgent, most), '"')
	}
	for _, m := range []struct{ name, value string }{
		{"tx", e.Transaction},
		{"session", e.Session},
		{"request_id", e.RequestID},
		{"reason", e.Reason},
	} {
		dst = appendMember(dst, m.name, m.value)
	}
	return appendDetail(dst, e.Detail, e.MoreDetails)
}

func appendMember(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':', '"')
	dst = appendText(dst, value)
	return append(dst, '"')
}

// appendDetail appends detail, of which more values are known to be missing.
func appendDetail(dst []byte, detail map[string]string, more int) []byte {
	if len(detail) == 0 {
		return dst
	}
	keys := sortedKeys(detail)
	shown := keys[:min(len(keys), maxDetails)]
	dst = append(dst, `,"detail":{`...)
	for i, k := range shown {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = appendText(dst, k)
		dst = append(dst, '"', ':', '"')
		dst = appendText(dst, detail[k])
		dst = append(dst, '"')
	}
	dst = append(dst, '}')
	if more += len(keys) - len(shown); more > 0 {
		dst = append(dst, `,"more_details":`...)
		dst = strconv.AppendInt(dst, int64(more), 10)
	}
	return dst
}

func sortedKeys(detail map[string]string) []string { return slices.Sorted(maps.Keys(detail)) }

// line is the JSON form of an entry, for reading.
type line struct {
	Schema       int               `json:"v"`
	Sequence     uint64            `json:"seq"`
	Time         time.Time         `json:"time"`
	Node         string            `json:"node"`
	Event        Name              `json:"event"`
	Outcome      Outcome           `json:"outcome"`
	User         string            `json:"user"`
	UnknownUser  string            `json:"unknown_user"`
	UnknownBytes int               `json:"unknown_user_bytes"`
	Actor        string            `json:"actor"`
	Source       netip.Addr        `json:"source"`
	UserAgent    string            `json:"user_agent"`
	Transaction  string            `json:"tx"`
	Session      string            `json:"session"`
	RequestID    string            `json:"request_id"`
	Reason       string            `json:"reason"`
	Detail       map[string]string `json:"detail"`
	MoreDetails  int               `json:"more_details"`
	Prev         Sum               `json:"prev"`
	MAC          Sum               `json:"mac"`
}

// ParseLine reads a line, with or without its line feed, back; [ErrBadLine]
// when it is not one. A name that the catalogue no longer has is no fault.
func ParseLine(text []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrBadLine, err)
	}
	chained := l.Schema == schemaChained && !l.MAC.IsZero()
	if plain := l.Schema == schemaPlain && l.MAC.IsZero(); !plain && !chained {
		return Entry{}, fmt.Errorf("%w: version %d", ErrBadLine, l.Schema)
	}
	if l.Sequence == 0 || l.Time.IsZero() || l.Event == "" || l.Outcome == "" {
		return Entry{}, fmt.Errorf("%w: sequence %d, event %q", ErrBadLine, l.Sequence, l.Event)
	}
	if bytes.ContainsRune(bytes.TrimSuffix(text, []byte{'\n'}), '\n') {
		return Entry{}, fmt.Errorf("%w: more than one line", ErrBadLine)
	}
	return Entry{
		Event: Event{
			Name: l.Event, Outcome: l.Outcome, Username: l.User, UnknownUsername: l.UnknownUser, Actor: l.Actor,
			Source: l.Source, UserAgent: l.UserAgent, Transaction: l.Transaction, Session: l.Session,
			RequestID: l.RequestID, Reason: l.Reason, Detail: l.Detail,
		},
		UnknownBytes: l.UnknownBytes, MoreDetails: l.MoreDetails, Time: l.Time.UTC(), Sequence: l.Sequence, Node: l.Node,
		Prev: l.Prev, MAC: l.MAC,
	}, nil
}
