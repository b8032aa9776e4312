package mirth

// Format is one of the two representations of the API.
type Format int

// The formats. The zero value is the engine's default.
const (
	FormatXML Format = iota
	FormatJSON
)

const (
	typeXML  = "application/xml"
	typeJSON = "application/json"
)

// ContentType is the header value an engine sends with the format: without a
// charset, the bytes are UTF-8.
func (f Format) ContentType() string {
	if f == FormatJSON {
		return typeJSON
	}
	return typeXML
}

// Encoder is a value of the API; the types of this package are the only ones.
type Encoder interface {
	// tree returns the value as the ordered tree both formats are written
	// from.
	tree() (*node, error)
}

// Encode writes v as the engine does: XML with two-space indent, no
// declaration and no newline at the end; JSON on one line with `&`, `<` and
// `>` as they are. Errors: [ErrCharacter], [ErrValue], [ErrUnknownStatus],
// [ErrMissingElement].
func Encode(f Format, v Encoder) ([]byte, error) {
	n, err := v.tree()
	if err != nil {
		return nil, err
	}
	if err := n.checkText(); err != nil {
		return nil, err
	}
	if f == FormatJSON {
		return writeJSON(n)
	}
	return writeXML(n), nil
}
