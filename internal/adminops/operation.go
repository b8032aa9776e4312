// Package adminops is what administrators can do to Duo accounts from afar:
// each operation by its name, with its parameters as JSON or text, its result
// as something that can be written as JSON, and its errors in words. It reads
// parameters strictly and leaves every rule to package helpdesk, which also
// records what happens before it does.
package adminops

import (
	"context"
	"iter"
	"net/url"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

// Operation describes one thing that can be done.
type Operation struct {
	// Name is noun.verb, as the commands have it.
	Name string
	// Summary is one sentence for the documentation.
	Summary string
	// Changes is set when something is different afterwards, or somebody gets
	// a message.
	Changes bool
	// Reason is set when policy wants a reason.
	Reason bool
	// List is set when the result is a list that is paged by limit and
	// offset; Stream when it is a list that comes whole.
	List, Stream bool
	// Secret is set when the result holds something that is told only once.
	Secret bool
	// IDs are the names in the path, in order.
	IDs []string
	// Query and Body are the parameters. Operations that change something
	// have their reason and ticket among them.
	Query, Body []Field
}

// Field is a parameter.
type Field struct {
	Name string
	// Type is one of JSON's: string, integer, boolean, array (of strings),
	// object (of strings).
	Type string
	// Doc says what it means, with limits.
	Doc      string
	Required bool
}

// Call is one operation to be carried out.
type Call struct {
	// Operation is the name.
	Operation string
	// Org is the organisation's name, empty for the default one.
	Org string
	// ID holds the values of the path.
	ID map[string]string
	// Query holds the parameters of the query, less org, limit and offset,
	// each once.
	Query url.Values
	// Body is the JSON text, empty where there is none. It may hold codes of
	// the actor's own choice.
	Body secret.Secret
	// Actor is who asks.
	Actor helpdesk.Actor
}

// Result is what an operation gives: a value, or items one by one. Both can be
// given to encoding/json, which is the one way to what they hold: a result
// itself prints, marshals and logs without it, for some is told only once.
type Result struct {
	Value any
	// Items ends with its first error.
	Items iter.Seq2[any, error]
}

// handler carries out an operation whose parameters were read.
type handler func(ctx context.Context, r *request) (Result, error)
