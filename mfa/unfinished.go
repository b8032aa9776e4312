package mfa

import "context"

// Unfinished finds what an earlier process left behind. Stores of a gateway
// implement it beside [Transactions].
type Unfinished interface {
	// Live returns up to limit transactions in a live phase, over or not,
	// whose keys come after the given one, in the order of their keys. It
	// returns copies.
	Live(ctx context.Context, after Key, limit int) ([]Transaction, error)
}

// EndUnfinished burns the logins that an earlier process left unfinished with
// something they carry, and releases that.
func (f *Flow) EndUnfinished(ctx context.Context) (int, error) {
	_ = ctx
	return 0, errSkeleton
}
