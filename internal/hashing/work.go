package hashing

import (
	"encoding/gob"
	"errors"
	"io"

	"mfaserver/internal/primary"
)

// question asks for a new hash of a password, or whether it belongs to an encoded
// one.
type question struct {
	Password string
	// Encoded is empty for a new hash.
	Encoded string
}

// answer is what came of a question. Refused: the encoded hash is one that is not
// to be verified, see [primary.ErrBadHash].
type answer struct {
	Encoded string
	Match   bool
	Refused bool
	Failed  string
}

// Work answers questions, one after the other, until r ends; that is no error.
func Work(r io.Reader, w io.Writer, hasher primary.Hasher) error {
	in, out := gob.NewDecoder(r), gob.NewEncoder(w)
	for {
		var q question
		if err := in.Decode(&q); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := out.Encode(answerTo(q, hasher)); err != nil {
			return err
		}
	}
}

func answerTo(q question, hasher primary.Hasher) answer {
	var a answer
	var err error
	if q.Encoded == "" {
		a.Encoded, err = hasher.Hash(q.Password)
	} else {
		a.Match, err = hasher.Verify(q.Password, q.Encoded)
	}
	if err != nil {
		return answer{Refused: errors.Is(err, primary.ErrBadHash), Failed: err.Error()}
	}
	return a
}
