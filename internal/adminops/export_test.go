package adminops

import "net/url"

// Body is read by FuzzBody.
type Body struct {
	Name    string            `json:"name"`
	Count   int               `json:"count"`
	On      *bool             `json:"on"`
	List    []string          `json:"list"`
	Members map[string]string `json:"members"`
}

// DecodeBody reads a body.
func DecodeBody(body []byte) (b Body, err error) {
	err = decode(body, &b)
	return b, err
}

// CheckQuery holds a query against what an operation knows: a flag and a
// required word.
func CheckQuery(query url.Values) error {
	return checkQuery([]Field{{Name: "flag", Type: typeBoolean}, {Name: "word", Type: typeString, Required: true}}, query)
}
