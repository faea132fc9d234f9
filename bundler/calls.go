package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
)

// Calls of Safes (execTransaction) travel as user operations do: kept, put into a bundle of
// their own, sent again and with higher fees until they are in a final block. A Safe's
// calls happen in the order of its nonces, so a call waits until its nonce is the next one.

// execTransaction is the selector of Safe's function of that name.
var execTransaction = bindings.NewSafe().GetABI().Methods["execTransaction"].ID

// SendExec takes a call and returns once it is stored. The same call again does nothing
// while it waits or is in a block. Another call with its Safe and nonce takes its place,
// under the same nonce of the executor while that is open. Refusals are *Error: a call that
// fails now, and one whose nonce is used.
func (b *Bundler) SendExec(ctx context.Context, c evm.ExecCall) error {
	if err := b.checkExec(c); err != nil {
		return err
	}
	held, err := b.sql.Call(ctx, c.ID)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return err
	case err == nil && held.Chain != b.chain:
		return invalid("id", "is a call on %s", held.Chain)
	case err == nil && held.State != stateReplaced && held.State != stateDropped:
		return nil
	}
	next, err := b.safeNonce(ctx, c.Safe, "latest")
	if err != nil {
		return err
	}
	if c.Nonce < next {
		return &Error{Code: CodeRejected, Field: "nonce", Message: fmt.Sprintf("nonce %d of the Safe is used, the next is %d", c.Nonce, next)}
	}
	if c.Nonce == next {
		if err := b.simulateCall(ctx, b.executors[0], c.Safe, c.Data, c.GasLimit); err != nil {
			var reverted *revertError
			if errors.As(err, &reverted) {
				return &Error{Code: CodeExecution, Message: "the call reverts: " + evm.RevertText(reverted.data), Data: reverted.data}
			}
			return err
		}
	}
	if err := b.keepCall(ctx, c); err != nil {
		return err
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return nil
}

func (b *Bundler) checkExec(call evm.ExecCall) error {
	switch {
	case call.ID.IsZero():
		return invalid("id", "is zero")
	case !b.anySender && !b.senders[call.Safe]:
		return &Error{Code: CodeBanned, Field: "safe", Message: call.Safe.Hex() + " is not served here"}
	case len(call.Data) < 4 || [4]byte(call.Data[:4]) != [4]byte(execTransaction):
		return invalid("data", "is no execTransaction")
	case len(call.Data) > maxTxBytes-txBytesSlack:
		return invalid("data", "has %d bytes, at most %d are sent", len(call.Data), maxTxBytes-txBytesSlack)
	case call.GasLimit < max(intrinsicGas(call.Data), floorGas(call.Data)) || call.GasLimit > b.limits.MaxBundleGas:
		return invalid("gasLimit", "is %d, want what the data costs to %d", call.GasLimit, b.limits.MaxBundleGas)
	}
	return nil
}

// safeNonce is a Safe's next nonce at a block tag.
func (b *Bundler) safeNonce(ctx context.Context, safe common.Address, at string) (uint64, error) {
	out, err := b.node.callAt(ctx, call{To: safe, Data: bindings.NewSafe().PackNonce()}, at)
	if err != nil {
		return 0, fmt.Errorf("nonce of %s: %w", safe, err)
	}
	nonce, err := bindings.NewSafe().UnpackNonce(out)
	if err != nil || !nonce.IsUint64() {
		return 0, fmt.Errorf("nonce of %s: %s: %w", safe, nonce, err)
	}
	return nonce.Uint64(), nil
}

// simulateCall runs a call as an executor would send it now.
func (b *Bundler) simulateCall(ctx context.Context, x *executor, to common.Address, data []byte, gas uint64) error {
	_, err := b.node.call(ctx, call{From: x.address, To: to, Data: data, Gas: hexutil.Uint64(gas)}, nil)
	return err
}

// keepCall stores a call in one transaction, in the place of one with the same Safe and
// nonce where there is one.
func (b *Bundler) keepCall(ctx context.Context, call evm.ExecCall) error {
	const tries = 3
	for try := 1; ; try++ {
		err := b.db.Tx(ctx, func(tx pgx.Tx) error { return b.keepCallTx(ctx, bundlersql.New(tx), call) })
		var conflict *pgconn.PgError
		if errors.As(err, &conflict) && conflict.Code == "23505" && try < tries {
			continue // another call took id or nonce between our look and our write
		}
		return err
	}
}

func (b *Bundler) keepCallTx(ctx context.Context, q *bundlersql.Queries, call evm.ExecCall) error {
	held, err := q.LockCall(ctx, call.ID)
	known := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if known && held.State != stateReplaced && held.State != stateDropped {
		return nil
	}
	other, err := q.LockCallSlot(ctx, bundlersql.LockCallSlotParams{Chain: b.chain, Safe: call.Safe.Hex(), SafeNonce: coffer.NewAmount(call.Nonce)})
	switch {
	case err == nil:
		if err := b.moveCall(ctx, q, other.ID, stateReplaced, "replaced by "+call.ID.String()); err != nil {
			return err
		}
	case !errors.Is(err, pgx.ErrNoRows):
		return err
	default:
		waiting, err := q.CountCalls(ctx, b.chain)
		if err != nil {
			return err
		}
		if waiting >= int64(b.limits.MaxPool) {
			return refuse(CodeLimit, "%d calls wait already, try again later", waiting)
		}
	}
	gas, at := int64(call.GasLimit), b.clock() // #nosec G115 -- at most MaxBundleGas
	if known {
		return q.RepoolCall(ctx, bundlersql.RepoolCallParams{Data: call.Data, GasLimit: gas, FeeBound: call.FeeBound, At: at, ID: call.ID})
	}
	return q.InsertCall(ctx, bundlersql.InsertCallParams{
		ID: call.ID, Chain: b.chain, Safe: call.Safe.Hex(), SafeNonce: coffer.NewAmount(call.Nonce),
		Data: call.Data, GasLimit: gas, FeeBound: call.FeeBound, At: at,
	})
}

func (b *Bundler) moveCall(ctx context.Context, q *bundlersql.Queries, id coffer.Hash, state, reason string) error {
	err := q.MoveCall(ctx, bundlersql.MoveCallParams{ID: id, State: state, Reason: clip(reason), At: b.clock()})
	if err != nil {
		return fmt.Errorf("move call %s to %s: %w", id, state, err)
	}
	return nil
}

// ExecState is where a call is (see the package comment for the states) and why; "" when it
// was never accepted.
func (b *Bundler) ExecState(ctx context.Context, id coffer.Hash) (state, reason string, err error) {
	row, err := b.sql.Call(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && row.Chain != b.chain) {
		return "", "", nil
	}
	return row.State, row.Reason, err
}

// callTarget names what a call's bundle holds: a nonce of a Safe.
func callTarget(row bundlersql.BundlerCall) string { return row.Safe + "/" + row.SafeNonce.String() }

// sendCalls gives waiting calls whose turn it is to executors that have room.
func (b *Bundler) sendCalls(ctx context.Context, now head, live []liveBundle) (bool, error) {
	rows, err := b.sql.PooledCalls(ctx, bundlersql.PooledCallsParams{Chain: b.chain, Max: maxOpen})
	if err != nil || len(rows) == 0 {
		return false, err
	}
	held := map[string]bool{}
	for _, l := range live {
		held[l.target] = true
	}
	for _, row := range rows {
		if held[callTarget(row)] || b.waits[row.ID] == now.Hash {
			continue // its place is a stuck bundle's next attempt, see push
		}
		made, err := b.sendCall(ctx, now, live, row)
		if made || err != nil {
			return made, err
		}
		b.waits[row.ID] = now.Hash
	}
	if len(b.waits) > maxOpen {
		clear(b.waits)
	}
	return false, nil
}

func (b *Bundler) sendCall(ctx context.Context, now head, live []liveBundle, row bundlersql.BundlerCall) (bool, error) {
	free, err := b.free(ctx, now, live)
	if err != nil {
		return false, err
	}
	var failed []error
	for _, x := range free {
		c, ok, err := b.callContent(ctx, x, row)
		if err != nil || !ok {
			return false, err
		}
		made, err := b.offer(ctx, now, x, nil, c)
		switch {
		case errors.Is(err, errBudget):
			b.log.Warn("fees are above what a call may cost; it waits", "chain", b.chain, "call", row.ID, "error", err)
			return false, nil
		case errors.Is(err, errUnsigned):
			failed = append(failed, err)
		case made || err != nil:
			return made, err
		}
	}
	return false, errors.Join(failed...)
}

// callContent is a call's transaction, when its turn has come and it would succeed now. One
// whose nonce is used, finally, is dropped: what became of it block events tell.
func (b *Bundler) callContent(ctx context.Context, x *executor, row bundlersql.BundlerCall) (content, bool, error) {
	safe, nonce := common.HexToAddress(row.Safe), row.SafeNonce.Int().Uint64()
	next, err := b.safeNonce(ctx, safe, "latest")
	if err != nil {
		return content{}, false, err
	}
	if nonce < next {
		final, err := b.safeNonce(ctx, safe, "finalized")
		if err != nil || nonce >= final {
			return content{}, false, err
		}
		return content{}, false, b.moveCall(ctx, b.sql, row.ID, stateDropped, "the Safe's nonce is used")
	}
	if nonce > next {
		return content{}, false, nil
	}
	gas := uint64(row.GasLimit) // #nosec G115 -- not negative in the table
	err = b.simulateCall(ctx, x, safe, row.Data, gas)
	var reverted *revertError
	if errors.As(err, &reverted) {
		b.log.Warn("a call would revert now; it waits", "chain", b.chain, "call", row.ID, "reason", evm.RevertText(reverted.data))
		return content{}, false, nil
	}
	if err != nil {
		return content{}, false, err
	}
	id := row.ID
	return content{
		kind: kindCall, target: callTarget(row), call: &id, callState: row.State,
		to: safe, value: new(big.Int), data: row.Data, gas: gas,
		budget: new(big.Int).Div(wei(row.FeeBound), new(big.Int).SetUint64(gas)),
	}, true, nil
}

// callAgain is the next attempt of a live bundle with a call: the newest call with its Safe
// and nonce that is not done.
func (b *Bundler) callAgain(ctx context.Context, x *executor, l *liveBundle) (content, bool, error) {
	rows, err := b.sql.BundleCalls(ctx, bundlersql.BundleCallsParams{Chain: b.chain, Executor: l.executor, Nonce: l.nonce})
	if err != nil {
		return content{}, false, err
	}
	pooled, err := b.sql.PooledCalls(ctx, bundlersql.PooledCallsParams{Chain: b.chain, Max: maxOpen})
	if err != nil {
		return content{}, false, err
	}
	for _, row := range append(rows, pooled...) {
		if callTarget(row) == l.target && (row.State == statePooled || row.State == stateBundled) {
			return b.callContent(ctx, x, row)
		}
	}
	return content{}, false, nil
}

// takeCall moves a call into a bundle.
func (b *Bundler) takeCall(ctx context.Context, q *bundlersql.Queries, c content) error {
	if c.call == nil {
		return nil
	}
	row, err := q.LockCall(ctx, *c.call)
	if err != nil {
		return err
	}
	if row.State != c.callState {
		return fmt.Errorf("call %s is %s: %w", row.ID, row.State, errMoved)
	}
	return b.moveCall(ctx, q, row.ID, stateBundled, "")
}

// includeCall takes note of what a bundle's landed transaction did with its call. Without
// refund and safeTxGas a Safe's transaction succeeds when its call does. Calls of the
// bundle that did not land wait again.
func (b *Bundler) includeCall(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, tx coffer.Hash, reverted bool) error {
	if bundle.Kind != kindCall {
		return nil
	}
	landed, err := q.AttemptCall(ctx, tx)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if landed != nil && !reverted {
		if err := b.moveCall(ctx, q, *landed, stateIncluded, ""); err != nil {
			return err
		}
	}
	return b.releaseCalls(ctx, q, bundle, landed, reverted)
}

func (b *Bundler) releaseCalls(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, landed *coffer.Hash, reverted bool) error {
	rows, err := q.BundleCalls(ctx, bundlersql.BundleCallsParams{Chain: b.chain, Executor: bundle.Executor, Nonce: bundle.Nonce})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.State != stateBundled {
			continue
		}
		state, reason := statePooled, ""
		if reverted && landed != nil && *landed == row.ID {
			reverts, err := q.RevertedCall(ctx, row.ID)
			if err != nil {
				return err
			}
			if int(reverts) >= b.limits.MaxReverts {
				state, reason = stateDropped, fmt.Sprintf("%d transactions with it reverted", reverts)
			}
		}
		if err := b.moveCall(ctx, q, row.ID, state, reason); err != nil {
			return err
		}
	}
	return nil
}

// finishCall makes the call of a final transaction final.
func (b *Bundler) finishCall(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, tx coffer.Hash) error {
	return b.moveLanded(ctx, q, bundle, tx, stateFinal)
}

// undoCall takes back that a call is in a block: its bundle is live again.
func (b *Bundler) undoCall(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, tx coffer.Hash) error {
	return b.moveLanded(ctx, q, bundle, tx, stateBundled)
}

func (b *Bundler) moveLanded(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, tx coffer.Hash, state string) error {
	if bundle.Kind != kindCall {
		return nil
	}
	landed, err := q.AttemptCall(ctx, tx)
	if err != nil || landed == nil {
		return err
	}
	row, err := q.LockCall(ctx, *landed)
	if err != nil || row.State != stateIncluded {
		return err
	}
	if state == stateBundled {
		_, err := q.LockCallSlot(ctx, bundlersql.LockCallSlotParams{Chain: b.chain, Safe: row.Safe, SafeNonce: row.SafeNonce})
		if err == nil {
			return b.moveCall(ctx, q, row.ID, stateReplaced, "another call with its nonce waits")
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	return b.moveCall(ctx, q, row.ID, state, "")
}
