package mirth

import "fmt"

// Int is a bare number, as server/status answers it.
type Int int

// Boolean is a bare truth value, as users/{id}/loggedIn answers it.
type Boolean bool

var (
	_ Encoder = Int(0)
	_ Encoder = Boolean(false)
)

func (i Int) tree() (*node, error) {
	if int64(i) != int64(int32(i)) { //nolint:gosec // the conversion back is the check
		return nil, fmt.Errorf("%w: int", ErrValue)
	}
	return number("int", int64(i)), nil
}

func (b Boolean) tree() (*node, error) { return boolean("boolean", bool(b)), nil }

// ParseInt reads a bare number of either format.
func ParseInt(body []byte, contentType string) (Int, error) {
	n, err := parseBody(body, contentType)
	if err != nil {
		return 0, err
	}
	if n.name != "int" {
		return 0, ErrUnknownRoot
	}
	v, err := n.integer(32)
	return Int(v), err
}

// ParseBoolean reads a bare truth value of either format.
func ParseBoolean(body []byte, contentType string) (Boolean, error) {
	n, err := parseBody(body, contentType)
	if err != nil {
		return false, err
	}
	if n.name != "boolean" {
		return false, ErrUnknownRoot
	}
	v, err := n.boolean()
	return Boolean(v), err
}
