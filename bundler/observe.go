package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
)

// maxOpen bounds how many bundles, and how many transactions of others, one step looks
// after. Finality comes within some hundred blocks, a block has few bundles of ours.
const maxOpen = 1024

// sight is what one step knows of the chain.
type sight struct {
	now     head
	final   head // zero when the chain has no finalized block
	settled bool // the head is the one of the last step: nothing of what we hold can have moved
	linear  bool // the head is a child of it
}

// observe learns from the chain what became of bundles and of operations in them.
func (b *Bundler) observe(ctx context.Context, now head) (bool, error) {
	s := sight{now: now, settled: now.Hash == b.seen.Hash, linear: now.Parent == b.seen.Hash}
	if !s.settled {
		var err error
		if s.final, _, err = b.node.block(ctx, "finalized"); err != nil {
			return false, err
		}
	}
	bundles, err := b.sql.OpenBundles(ctx, bundlersql.OpenBundlesParams{Chain: b.chain, Max: maxOpen})
	if err != nil {
		return false, err
	}

	moved := false
	ours := map[coffer.Hash]bool{}
	for _, bundle := range bundles {
		var changed bool
		if bundle.State == bundleLive {
			changed, err = b.lookFor(ctx, s, bundle)
		} else {
			ours[*bundle.TxHash] = true
			changed, err = b.settle(ctx, s, mined{*bundle.TxHash, *bundle.BlockHash, uint64(*bundle.BlockHeight)}, &bundle) // #nosec G115 -- not negative in the table
		}
		if err != nil {
			return moved, fmt.Errorf("bundle %d: %w", bundle.Nonce, err)
		}
		moved = moved || changed
	}
	if s.settled {
		return moved, nil
	}

	others, err := b.sql.IncludedTransactions(ctx, bundlersql.IncludedTransactionsParams{Chain: b.chain, Max: maxOpen})
	if err != nil {
		return moved, err
	}
	for _, tx := range others {
		if ours[tx.TxHash] {
			continue
		}
		changed, err := b.settle(ctx, s, mined{tx.TxHash, tx.BlockHash, uint64(tx.BlockHeight)}, nil) // #nosec G115 -- not negative in the table
		if err != nil {
			return moved, fmt.Errorf("transaction %s: %w", tx.TxHash, err)
		}
		moved = moved || changed
	}
	return moved, nil
}

// mined is a transaction in a block.
type mined struct {
	tx, block coffer.Hash
	height    uint64
}

// settle checks that the block of a transaction is still canonical, and says so finally
// when it is finalized. bundle is nil for a transaction that is not ours.
func (b *Bundler) settle(ctx context.Context, s sight, m mined, bundle *bundlersql.BundlerBundle) (bool, error) {
	isFinal := m.height <= s.final.Height
	if s.settled || (s.linear && !isFinal) {
		return false, nil
	}
	canonical, err := b.node.canonical(ctx, m.height, m.block)
	if err != nil {
		return false, err
	}
	if !canonical {
		if bundle != nil {
			b.tried[bundleKey{bundle.Executor, bundle.Nonce}] = s.now.Hash // it is sent again first
		}
		if err := b.undo(ctx, m, bundle); err != nil {
			return true, err
		}
		b.checkpoint("bundler.undone")
		return true, nil
	}
	if isFinal {
		if err := b.finish(ctx, m, bundle); err != nil {
			return true, err
		}
		b.checkpoint("bundler.final")
		return true, nil
	}
	return false, nil
}

// finish makes a transaction, its operations and its bundle final.
func (b *Bundler) finish(ctx context.Context, m mined, bundle *bundlersql.BundlerBundle) error {
	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		q := bundlersql.New(tx)
		if bundle != nil {
			if err := place(ctx, q, *bundle, bundleFinal, &m); err != nil {
				return err
			}
			if err := b.finishCall(ctx, q, *bundle, m.tx); err != nil {
				return err
			}
		}
		ops, err := q.TransactionOperations(ctx, m.tx)
		if err != nil {
			return err
		}
		for _, op := range ops {
			if err := b.move(ctx, q, op, stateFinal, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// undo takes back what a transaction did whose block left the chain. Its bundle is live
// again, under the same nonce and with the same stored attempts.
func (b *Bundler) undo(ctx context.Context, m mined, bundle *bundlersql.BundlerBundle) error {
	b.log.Warn("a block with user operations left the chain", "chain", b.chain, "transaction", m.tx, "block", m.block, "height", m.height)
	clear(b.sent) // what was in that block may be in no pool now
	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		q := bundlersql.New(tx)
		if bundle != nil {
			if err := place(ctx, q, *bundle, bundleLive, nil); err != nil {
				return err
			}
			if err := b.undoCall(ctx, q, *bundle, m.tx); err != nil {
				return err
			}
		}
		ops, err := q.TransactionOperations(ctx, m.tx)
		if err != nil {
			return err
		}
		for _, op := range ops {
			state, err := waitingState(ctx, q, op)
			if err != nil {
				return err
			}
			if err := b.move(ctx, q, op, state, ""); err != nil {
				return err
			}
		}
		return q.DeleteTransaction(ctx, m.tx)
	})
}

// waitingState is where an operation goes whose inclusion was undone.
func waitingState(ctx context.Context, q *bundlersql.Queries, op coffer.Hash) (string, error) {
	taken, err := q.SlotTaken(ctx, op)
	if err != nil {
		return "", err
	}
	live, err := q.InLiveBundle(ctx, op)
	switch {
	case err != nil:
		return "", err
	case taken:
		return stateReplaced, nil
	case live:
		return stateBundled, nil
	}
	return statePooled, nil
}

// lookFor looks for the receipts of all attempts of a live bundle.
func (b *Bundler) lookFor(ctx context.Context, s sight, bundle bundlersql.BundlerBundle) (bool, error) {
	if s.settled {
		return false, nil
	}
	attempts, err := b.sql.Attempts(ctx, bundlersql.AttemptsParams{Chain: b.chain, Executor: bundle.Executor, Nonce: bundle.Nonce})
	if err != nil {
		return false, err
	}
	for _, attempt := range attempts {
		r, err := b.canonicalReceipt(ctx, attempt.TxHash)
		if err != nil {
			return false, err
		}
		if r != nil {
			if err := b.include(ctx, r, &bundle); err != nil {
				return true, err
			}
			b.checkpoint("bundler.included")
			return true, nil
		}
	}
	address := common.HexToAddress(bundle.Executor)
	nonce, err := b.node.nonce(ctx, address, "latest")
	if err != nil || nonce <= uint64(bundle.Nonce) { // #nosec G115 -- not negative in the table
		return false, err
	}
	if nonce, err = b.node.nonce(ctx, address, "finalized"); err != nil || nonce <= uint64(bundle.Nonce) { // #nosec G115 -- not negative in the table
		return false, err
	}
	b.log.Error("the executor's nonce was used by a transaction that is not ours", "chain", b.chain, "executor", bundle.Executor, "nonce", bundle.Nonce)
	return true, b.lose(ctx, bundle)
}

// canonicalReceipt returns a transaction's receipt in the canonical chain, or nil.
func (b *Bundler) canonicalReceipt(ctx context.Context, tx coffer.Hash) (*receipt, error) {
	r, err := b.node.receipt(ctx, tx)
	if err != nil || r == nil {
		return nil, err
	}
	canonical, err := b.node.canonical(ctx, r.BlockNumber.Uint64(), coffer.Hash(r.BlockHash))
	if err != nil || !canonical {
		return nil, err
	}
	return r, nil
}

// include stores a receipt and moves the operations that it names. The bundle's other
// operations wait for the next bundle.
func (b *Bundler) include(ctx context.Context, r *receipt, bundle *bundlersql.BundlerBundle) error {
	m := mined{coffer.Hash(r.TxHash), coffer.Hash(r.BlockHash), r.BlockNumber.Uint64()}
	events, err := readEvents(b.entryPoint, r.Logs)
	if err != nil {
		return fmt.Errorf("receipt of %s: %w", m.tx, err)
	}
	reverted := r.Status != types.ReceiptStatusSuccessful
	if reverted {
		b.log.Warn("a bundle reverted", "chain", b.chain, "transaction", m.tx, "block", m.block)
	}
	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		q := bundlersql.New(tx)
		if bundle != nil {
			if err := place(ctx, q, *bundle, bundleMined, &m); err != nil {
				return err
			}
		}
		if err := q.InsertTransaction(ctx, bundlersql.InsertTransactionParams{
			TxHash: m.tx, Chain: b.chain, BlockHash: m.block, BlockHeight: int64(m.height), Receipt: r.raw, // #nosec G115 -- bounded by maxStored
		}); err != nil {
			return err
		}
		for _, e := range events {
			if err := b.includeOperation(ctx, q, m.tx, e); err != nil {
				return err
			}
		}
		if bundle != nil {
			if err := b.includeCall(ctx, q, *bundle, m.tx, reverted); err != nil {
				return err
			}
			if err := b.releaseRest(ctx, q, *bundle, reverted); err != nil {
				return err
			}
		}
		b.checkpoint("bundler.including")
		return nil
	})
}

// includeOperation takes note of an event when the operation is one of ours.
func (b *Bundler) includeOperation(ctx context.Context, q *bundlersql.Queries, tx coffer.Hash, e operationEvent) error {
	if _, err := q.LockOperation(ctx, e.operation); errors.Is(err, pgx.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	if err := q.InsertReceipt(ctx, bundlersql.InsertReceiptParams{
		Operation: e.operation, TxHash: tx, Success: e.success, ActualGasCost: e.cost, ActualGasUsed: e.gas,
		RevertReason: e.reason, FirstLog: int32(e.first), EndLog: int32(e.end), // #nosec G115 -- a receipt fits into one answer of a node
	}); err != nil {
		return err
	}
	return b.move(ctx, q, e.operation, stateIncluded, "")
}

// releaseRest sends the operations of a bundle back that are in no block. When the bundle
// reverted as a whole too often they are dropped.
func (b *Bundler) releaseRest(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, reverted bool) error {
	ops, err := q.BundleOperations(ctx, bundlersql.BundleOperationsParams{Chain: b.chain, Executor: bundle.Executor, Nonce: bundle.Nonce})
	if err != nil {
		return err
	}
	for _, op := range ops {
		if op.State != stateBundled {
			continue
		}
		state, reason := statePooled, ""
		if reverted {
			reverts, err := q.RevertedOperation(ctx, op.Hash)
			if err != nil {
				return err
			}
			if int(reverts) >= b.limits.MaxReverts {
				state, reason = stateDropped, fmt.Sprintf("%d bundles with it reverted", reverts)
			}
		}
		if err := b.move(ctx, q, op.Hash, state, reason); err != nil {
			return err
		}
	}
	return nil
}

// lose gives a nonce up that was used by something else, finally.
func (b *Bundler) lose(ctx context.Context, bundle bundlersql.BundlerBundle) error {
	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		q := bundlersql.New(tx)
		if err := place(ctx, q, bundle, bundleLost, nil); err != nil {
			return err
		}
		if err := b.releaseCalls(ctx, q, bundle, nil, false); err != nil {
			return err
		}
		return b.releaseRest(ctx, q, bundle, false)
	})
}

func (b *Bundler) move(ctx context.Context, q *bundlersql.Queries, op coffer.Hash, state, reason string) error {
	err := q.MoveOperation(ctx, bundlersql.MoveOperationParams{Hash: op, State: state, Reason: clip(reason), At: b.clock()})
	if err != nil {
		return fmt.Errorf("move user operation %s to %s: %w", op, state, err)
	}
	return nil
}

// clip keeps a reason as short as the tables want it.
func clip(reason string) string {
	const maxReason = 1000
	return reason[:min(len(reason), maxReason)]
}

// errMoved says that another process, or a replacement, changed what this step was about to
// change. The next step sees it as it is.
var errMoved = errors.New("moved by another in the meantime")

// place moves a bundle; m is nil for a bundle in no block.
func place(ctx context.Context, q *bundlersql.Queries, bundle bundlersql.BundlerBundle, state string, m *mined) error {
	p := bundlersql.SetBundleParams{State: state, Was: bundle.State, Chain: bundle.Chain, Executor: bundle.Executor, Nonce: bundle.Nonce}
	if m != nil {
		height := int64(m.height) // #nosec G115 -- bounded by maxStored
		p.TxHash, p.BlockHash, p.BlockHeight = &m.tx, &m.block, &height
	}
	rows, err := q.SetBundle(ctx, p)
	if err == nil && rows == 0 {
		err = errMoved
	}
	return err
}

// amount converts what a uint256 event field holds.
func amount(n *big.Int) (coffer.Amount, error) { return coffer.AmountFromBytes(n.Bytes()) }
