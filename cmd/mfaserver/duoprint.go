package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// column is one property of an object, as people read it.
type column[T any] struct {
	head string
	cell func(*T) string
	// more: only where one object is shown alone.
	more bool
}

// show prints the result of a command: v for programs, a line of text for
// people.
func (d *duo) show(v any, text string) error {
	if d.output == "json" {
		return printJSON(d.console.out, v)
	}
	return d.say("%s", printable(text))
}

// revealer is an object whose purpose is to be told, once.
type revealer interface{ RevealJSON() ([]byte, error) }

// reveal prints an object for programs with what is otherwise hidden in it.
func (d *duo) reveal(v revealer) error {
	data, err := v.RevealJSON()
	if err != nil {
		return err
	}
	return printJSON(d.console.out, json.RawMessage(data))
}

// say prints one line for people.
func (d *duo) say(format string, args ...any) error {
	_, err := fmt.Fprintf(d.console.out, format+"\n", args...)
	return err
}

// showOne prints an object by its properties, one a line; empty ones are left
// out.
func showOne[T any](d *duo, columns []column[T], v *T) error {
	if d.output == "json" {
		return printJSON(d.console.out, v)
	}
	rows := make([][]string, 0, len(columns))
	for _, c := range columns {
		if text := c.cell(v); text != "" {
			rows = append(rows, []string{strings.ToLower(c.head), text})
		}
	}
	return tableRows(d.console.out, rows)
}

// inOrg is an object with the name of its organisation beside its members.
func inOrg(v any, org string) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	if members["organization"], err = json.Marshal(org); err != nil {
		return nil, err
	}
	return members, nil
}

// instant prints a time; none is empty.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// lasts prints a duration without trailing zero parts.
func lasts(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
