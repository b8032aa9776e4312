package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/secret"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
)

// ways are the services of package token on a store.
type ways struct {
	tokens *token.Tokens
	codes  *token.Codes
	glass  *token.BreakGlass
}

func newWays(t *testing.T, db *sqlite.DB) ways {
	t.Helper()
	trail, now := new(audittest.Memory), newClockAt(begun).now
	tokens, errTokens := token.NewTokens(token.TokensConfig{Store: db.Tokens(), Sealer: newSealer(t), Recorder: trail, Now: now})
	codes, errCodes := token.NewCodes(token.CodesConfig{Store: db.SignInCodes(), Recorder: trail, Now: now})
	glass, errGlass := token.NewBreakGlass(token.BreakGlassConfig{Store: db.BreakGlass(), Recorder: trail, Now: now})
	if err := errors.Join(errTokens, errCodes, errGlass); err != nil {
		t.Fatal(err)
	}
	return ways{tokens, codes, glass}
}

func (w ways) make(ctx context.Context) ([]string, error) {
	_, value, errToken := w.tokens.Create(ctx, token.New{
		Name: "name-canary", Username: "user-canary", Owner: "owner-canary", By: "maker-canary", Paths: []string{"/path-canary"},
		Expires: begun.AddDate(0, 1, 0), Credential: secret.New("engine-password"),
	})
	code, _, errCode := w.codes.Issue(ctx, token.Proof{Username: "user-canary", Device: "device-canary", Carry: []byte("upstream-cookie")})
	glass, errGlass := w.glass.Make(ctx, "user-canary", 1, "maker-canary", "reason-canary")
	if err := errors.Join(errToken, errCode, errGlass); err != nil {
		return nil, err
	}
	return []string{value.Reveal(), code.Reveal(), glass[0].Reveal()}, nil
}

// Threats T117, T160: the bytes of all files hold no token, no code and not
// even the plain hash of a code, which is short enough to be searched for.
func TestDumpShowsNoWayIn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := open(t, sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: newSealer(t)})
	w := newWays(t, db)
	values, err := w.make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ledger().Add(t.Context(), upstream.Entry{Sealed: []byte("sealed-cookie"), Node: "node-canary", OpenedAt: begun}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var dump []byte
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dump = append(dump, content...)
	}
	key := sha256.Sum256([]byte(values[0]))
	if !bytes.Contains(dump, key[:]) {
		t.Fatal("the dump misses the rows: the test shows nothing")
	}
	canaries := slices.Concat(values, []string{
		"name-canary", "user-canary", "owner-canary", "maker-canary", "path-canary", "device-canary", "reason-canary", "node-canary",
		"engine-password", "upstream-cookie", "sealed-cookie",
	})
	for _, value := range values[1:] {
		canonical := value[:5] + strings.ReplaceAll(value[5:], "-", "")
		hash := sha256.Sum256([]byte(canonical))
		canaries = append(canaries, canonical, canonical[5:], string(hash[:]), string(hash[:12]))
	}
	for _, canary := range canaries {
		if bytes.Contains(dump, []byte(canary)) {
			t.Errorf("the dump shows %q", canary)
		}
	}
}

// Threats T117, T118: a token gets no wider scope, no other user and no longer
// life in the file, and a code no second use.
func TestTamperedWaysAreRefused(t *testing.T) {
	t.Parallel()
	const other = "(SELECT %s FROM %t AS o WHERE o.rowid <> %t.rowid)"
	for _, test := range []struct{ name, script string }{
		{"token record copied", "UPDATE tokens SET record = " + other},
		{"token ids moved", "UPDATE tokens SET id = id || 'x'"},
		{"token keys moved", "UPDATE tokens SET key = CAST(substr(key, 1, 31) || x'ff' AS BLOB)"},
		{"token record cut", "UPDATE tokens SET record = substr(record, 1, 40)"},
		{"code record copied", "UPDATE sign_in_codes SET record = " + other},
		{"code users moved", "UPDATE sign_in_codes SET user = zeroblob(16)"},
		{"code record emptied", "UPDATE sign_in_codes SET record = x''"},
		{"break-glass record copied", "UPDATE break_glass SET record = " + other},
		{"break-glass users moved", "UPDATE break_glass SET user = zeroblob(16)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := newStore(t)
			a, b := tokentest.CodeRecord(1, "alice", begun), tokentest.CodeRecord(2, "bob", begun)
			glassA, glassB := tokentest.BreakGlassRecord(1, "alice"), tokentest.BreakGlassRecord(2, "bob")
			_, errA := db.BreakGlass().Replace(t.Context(), "alice", []token.BreakGlassRecord{glassA})
			_, errB := db.BreakGlass().Replace(t.Context(), "bob", []token.BreakGlassRecord{glassB})
			err := errors.Join(
				db.Tokens().Insert(t.Context(), tokentest.TokenRecord(1)), db.Tokens().Insert(t.Context(), tokentest.TokenRecord(2)),
				db.SignInCodes().Insert(t.Context(), a, 0, begun), db.SignInCodes().Insert(t.Context(), b, 0, begun), errA, errB,
			)
			if err != nil {
				t.Fatal(err)
			}
			table := strings.Fields(test.script)[1]
			script := strings.NewReplacer("%s", "record", "%t", table).Replace(test.script)
			if err := db.Exec(t.Context(), script); err != nil {
				t.Fatal(err)
			}
			switch table {
			case "tokens":
				wantTamperedTokens(t, db)
			case "sign_in_codes":
				wantTamperedCodes(t, db, a.Key)
			default:
				wantTamperedGlass(t, db, glassA.Key)
			}
		})
	}
}

func wantTamperedTokens(t *testing.T, db *sqlite.DB) {
	t.Helper()
	_, errList := db.Tokens().List(t.Context())
	if !errors.Is(errList, token.ErrUnavailable) {
		t.Errorf("List() = %v, want ErrUnavailable", errList)
	}
	r := tokentest.TokenRecord(1)
	_, errFind := db.Tokens().Find(t.Context(), r.Key)
	_, errGet := db.Tokens().Get(t.Context(), r.ID)
	_, errUpdate := db.Tokens().Update(t.Context(), r.ID, func(*token.Record) error {
		t.Error("change saw a record that was tampered with")
		return nil
	})
	for _, err := range []error{errFind, errGet, errUpdate} {
		if !errors.Is(err, token.ErrUnavailable) && !errors.Is(err, token.ErrUnknown) {
			t.Errorf("error %v, want ErrUnavailable or ErrUnknown", err)
		}
	}
	if id := r.ID; errGet != nil && errors.Is(errGet, token.ErrUnavailable) {
		if err := db.Tokens().Delete(t.Context(), id); err != nil {
			t.Errorf("Delete() = %v: a broken record can be removed", err)
		}
	}
}

func wantTamperedCodes(t *testing.T, db *sqlite.DB, k token.Key) {
	t.Helper()
	_, err := db.SignInCodes().Update(t.Context(), k, func(*token.CodeRecord) error {
		t.Error("change saw a record that was tampered with")
		return nil
	})
	if !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Update() = %v, want ErrUnavailable", err)
	}
	over, err := db.SignInCodes().Sweep(t.Context(), begun.AddDate(1, 0, 0), 10)
	if err != nil || slices.ContainsFunc(over, func(r token.CodeRecord) bool { return r.Key == k }) {
		t.Errorf("Sweep() = %v, %v, want both removed and the broken one not returned", over, err)
	}
	if rows, err := db.Rows(t.Context()); err != nil || rows != 0 {
		t.Errorf("%d rows left, %v", rows, err)
	}
}

func wantTamperedGlass(t *testing.T, db *sqlite.DB, k token.Key) {
	t.Helper()
	_, err := db.BreakGlass().Update(t.Context(), k, func(*token.BreakGlassRecord) error {
		t.Error("change saw a record that was tampered with")
		return nil
	})
	if !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Update() = %v, want ErrUnavailable", err)
	}
	if _, err := db.BreakGlass().List(t.Context(), ""); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("List() = %v, want ErrUnavailable", err)
	}
	if _, err := db.BreakGlass().Replace(t.Context(), "alice", nil); err != nil {
		t.Errorf("Replace() = %v: broken records can be removed", err)
	}
}

// A ledger entry that was tampered with does not keep the others from being
// logged out.
func TestTamperedLedgerEntriesAreLeftOut(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	for n := range byte(3) {
		if err := db.Ledger().Add(t.Context(), upstreamtest.Sample(n)); err != nil {
			t.Fatal(err)
		}
	}
	first, second := upstreamtest.Sample(0).ID, upstreamtest.Sample(1).ID
	const swap = "UPDATE ledger SET record = (SELECT record FROM ledger AS o WHERE o.id = ?) WHERE id = ?"
	if err := db.Exec(t.Context(), swap, first[:], second[:]); err != nil {
		t.Fatal(err)
	}
	list, err := db.Ledger().List(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != first || list[1].ID != upstreamtest.Sample(2).ID {
		t.Errorf("List() = %+v, %v, want the two whole ones", list, err)
	}
	if there, err := db.Ledger().Remove(t.Context(), second); err != nil || !there {
		t.Errorf("Remove() = %t, %v: a broken entry can be removed", there, err)
	}
}
