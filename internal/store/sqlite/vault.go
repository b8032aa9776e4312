package sqlite

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"mfaserver/internal/seal"
)

// hashSize is the length of keyed hashes in columns.
const hashSize = 16

// vault seals records and hashes names. The hashing key is random, lives
// sealed in the file, and so outlasts a rotation of the sealing key.
type vault struct {
	sealer   *seal.Sealer
	indexKey []byte
}

const indexKeyName = "index_key"

// openVault reads the hashing key, and makes it when the store is new. That
// the key opens also shows that the store and the sealer belong together.
func openVault(ctx context.Context, conn *sql.Conn, sealer *seal.Sealer) (*vault, error) {
	v := &vault{sealer: sealer}
	aad := v.aad("meta", []byte(indexKeyName))
	var sealed []byte
	err := conn.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", indexKeyName).Scan(&sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if err := wantEmpty(ctx, conn); err != nil {
			return nil, err
		}
		v.indexKey = make([]byte, sha256.Size)
		if _, err := rand.Read(v.indexKey); err != nil {
			return nil, fmt.Errorf("sqlite: random source: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("sqlite: read hashing key: %w", err)
	default:
		if v.indexKey, err = sealer.Open(sealed, aad); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrWrongKey, err)
		}
		if sealer.Current(sealed) {
			return v, nil
		}
	}
	const save = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2"
	if _, err := conn.ExecContext(ctx, save, indexKeyName, sealer.Seal(v.indexKey, aad)); err != nil {
		return nil, fmt.Errorf("sqlite: save hashing key: %w", err)
	}
	return v, nil
}

// wantEmpty refuses a store that has rows, but lost its hashing key: with
// another key nothing of a user's would be found any more.
func wantEmpty(ctx context.Context, conn *sql.Conn) error {
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	for _, table := range tables(version) {
		var used bool
		if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+table+")").Scan(&used); err != nil {
			return fmt.Errorf("sqlite: look for rows: %w", err)
		}
		if used {
			return fmt.Errorf("%w: its hashing key is missing", ErrDamaged)
		}
	}
	return nil
}

// aad names the row a record belongs to: its table and every column that says
// whose it is. Each part carries its length.
func (v *vault) aad(table string, columns ...[]byte) []byte {
	aad := append([]byte(table), 0)
	for _, c := range columns {
		aad = append(binary.AppendUvarint(aad, uint64(len(c))), c...)
	}
	return aad
}

// hash is the keyed hash of parts under a label.
func (v *vault) hash(label string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, v.indexKey)
	h.Write(v.aad(label, parts...))
	return h.Sum(nil)[:hashSize]
}

func (v *vault) user(username string) []byte { return v.hash("user", []byte(username)) }
