package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // G505: the name that servers give a script, no protection of anything
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua
var luaFiles embed.FS

// script is a fixed text that the server runs as one step. Its arguments begin
// with the prefix of all keys.
type script struct {
	name, text, hash string
}

// The scripts. Those of one kind of record share a preamble.
var (
	scriptMeta    = read("meta")
	scriptSwap    = read("swap")
	scriptSpend   = read("spend")
	scriptExtend  = read("extend")
	scriptCounts  = read("counts")
	scriptGet     = read("get")
	scriptCreate  = read("session", "session_create")
	scriptFind    = read("session", "session_find")
	scriptTouch   = read("session", "session_touch")
	scriptDelete  = read("session", "session_delete")
	scriptDelUser = read("session", "session_delete_user")
	scriptDelOld  = read("session", "session_delete_old")
	scriptEpoch   = read("session", "session_epoch")
	scriptSweep   = read("session", "session_sweep")
	scriptList    = read("session", "session_list")
	scriptListAll = read("session", "session_list_all")

	scriptTxInsert   = read("transaction", "transaction_insert")
	scriptTxSwap     = read("transaction", "transaction_swap")
	scriptTxSiblings = read("transaction", "transaction_siblings")
	scriptTxSweep    = read("transaction", "transaction_sweep")
	scriptTxLive     = read("transaction", "transaction_live")

	scriptSignInInsert = read("sign_in", "sign_in_insert")
	scriptSignInSwap   = read("sign_in", "sign_in_swap")
	scriptSignInSweep  = read("sign_in", "sign_in_sweep")

	scriptGlassReplace = read("break_glass_replace")
	scriptGlassList    = read("break_glass_list")

	scriptTokenInsert = read("token_insert")
	scriptTokenFind   = read("token_find")
	scriptTokenDelete = read("token_delete")
	scriptTokenList   = read("token_list")

	scriptUserID     = read("user_id")
	scriptUserInsert = read("user_insert")
	scriptUserFind   = read("user_find")
	scriptUserDelete = read("user_delete")
	scriptUserList   = read("user_list")

	scriptLedgerAdd    = read("ledger_add")
	scriptLedgerRemove = read("ledger_remove")
	scriptLedgerList   = read("ledger_list")

	scriptThrottle = read("throttle")
	scriptKnown    = read("throttle_known")
	scriptKeep     = read("keep")

	scripts = []*script{
		scriptMeta, scriptSwap, scriptSpend, scriptExtend, scriptGet, scriptCounts,
		scriptCreate, scriptFind, scriptTouch, scriptDelete, scriptDelUser, scriptDelOld, scriptEpoch, scriptSweep, scriptList, scriptListAll,
		scriptTxInsert, scriptTxSwap, scriptTxSiblings, scriptTxSweep, scriptTxLive,
		scriptSignInInsert, scriptSignInSwap, scriptSignInSweep,
		scriptGlassReplace, scriptGlassList,
		scriptTokenInsert, scriptTokenFind, scriptTokenDelete, scriptTokenList,
		scriptUserID, scriptUserInsert, scriptUserFind, scriptUserDelete, scriptUserList,
		scriptLedgerAdd, scriptLedgerRemove, scriptLedgerList,
		scriptThrottle, scriptKnown, scriptKeep,
	}
)

// read joins files of the folder lua.
func read(names ...string) *script {
	var text strings.Builder
	for _, name := range names {
		part, err := luaFiles.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic(err) // the files are part of the program
		}
		text.Write(part)
	}
	sum := sha1.Sum([]byte(text.String())) //nolint:gosec // G401: see the import
	return &script{name: names[len(names)-1], text: text.String(), hash: hex.EncodeToString(sum[:])}
}

func (s *script) command(ctx context.Context, prefix string, args []string) *redis.Cmd {
	all := make([]any, 0, 4+len(args))
	all = append(all, "evalsha", s.hash, "0", prefix)
	for _, a := range args {
		all = append(all, a)
	}
	return redis.NewCmd(ctx, all...)
}

// on runs the script on a server, for good or not: nobody waits for replicas.
func (s *script) on(ctx context.Context, t *target, prefix string, args ...string) ([]string, error) {
	cmd := s.command(ctx, prefix, args)
	if err := t.pipeline(ctx, cmd); err != nil {
		return nil, err
	}
	return texts(cmd)
}

// texts are the elements of a reply that is a list of strings.
func texts(cmd *redis.Cmd) ([]string, error) {
	list, err := cmd.Slice()
	if err != nil {
		return nil, err
	}
	all := make([]string, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%w: %T in a list of strings", errReply, v)
		}
		all[i] = text
	}
	return all, nil
}

// query runs a script that changes nothing that must last.
func (l *link) query(ctx context.Context, s *script, args ...string) ([]string, error) {
	return l.run(ctx, s, false, args)
}

// write runs a script and returns when as many replicas as configured have
// what it did, and everything before it. An error leaves open whether it was
// done.
func (l *link) write(ctx context.Context, s *script, args ...string) ([]string, error) {
	return l.run(ctx, s, l.cfg.Replicas > 0, args)
}

// run runs a script within the timeout. All its errors are faults.
func (l *link) run(ctx context.Context, s *script, wait bool, args []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	t, err := l.target(ctx)
	if err != nil {
		return nil, fault(s.name, err)
	}
	reply, err := l.once(ctx, t, s, wait, args)
	if err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") {
		// The server forgot it, and so has done nothing.
		if err = l.load(ctx, t); err == nil {
			reply, err = l.once(ctx, t, s, wait, args)
		}
	}
	if err != nil {
		l.doubt(err)
		return nil, fault(s.name, err)
	}
	return reply, nil
}

func (l *link) once(ctx context.Context, t *target, s *script, wait bool, args []string) ([]string, error) {
	cmd := s.command(ctx, l.cfg.Prefix, args)
	if !wait {
		if err := t.pipeline(ctx, cmd); err != nil {
			return nil, err
		}
		return texts(cmd)
	}
	acks := redis.NewIntCmd(ctx, "wait", l.cfg.Replicas, (l.cfg.Timeout / 2).Milliseconds())
	if err := t.pipeline(ctx, cmd, acks); err != nil {
		return nil, err
	}
	reply, err := texts(cmd)
	if err != nil {
		return nil, err
	}
	if n, err := acks.Result(); err != nil || n < int64(l.cfg.Replicas) {
		return nil, errors.Join(fmt.Errorf("%w: %d of %d have acknowledged", ErrReplicas, n, l.cfg.Replicas), err)
	}
	return reply, nil
}
