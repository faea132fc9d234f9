package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler/bundlersql"
	"github.com/cofferhq/coffer/evm"
)

// maxQueue bounds how far ahead of the chain a lane's operations may queue.
const maxQueue = 16

// SendUserOperation takes an operation and returns its userOpHash once it is stored.
// Sending one again that waits, is in a bundle or is in a block does nothing and returns
// the same hash, whatever its signature. Refusals are *Error.
func (b *Bundler) SendUserOperation(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (coffer.Hash, error) {
	o, err := b.read(op, entryPoint)
	if err != nil {
		return coffer.Hash{}, err
	}
	if err := b.limits.checkGas(o.packed); err != nil {
		return coffer.Hash{}, err
	}
	if err := b.check(ctx, o, op); err != nil {
		return coffer.Hash{}, err
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return o.hash, nil
}

// read checks what is the same for sending and estimating, and hashes.
func (b *Bundler) read(op evm.UserOperation, entryPoint common.Address) (operation, error) {
	if entryPoint != b.entryPoint {
		return operation{}, invalid("entryPoint", "%s is not served here, %s is", entryPoint, b.entryPoint)
	}
	o, err := newOperation(op, entryPoint, b.chainID.Uint64())
	if err != nil {
		return operation{}, err
	}
	if err := b.limits.checkShape(o.packed); err != nil {
		return operation{}, err
	}
	if !b.anySender && !b.senders[o.packed.Sender] {
		return operation{}, &Error{Code: CodeBanned, Field: "sender", Message: o.packed.Sender.Hex() + " is not served here"}
	}
	return o, nil
}

// admit asks the chain whether the operation could be included now, or after those that
// wait in front of it, and stores it.
func (b *Bundler) admit(ctx context.Context, o operation, now head) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.checkNonce(ctx, o, now); err != nil {
		return err
	}
	v, err := b.simulateValidation(ctx, o.packed, nil)
	if err != nil {
		return err
	}
	if err := b.limits.checkValidity(v, now); err != nil {
		return err
	}
	if err := b.keep(ctx, o, now); err != nil {
		return err
	}
	b.checkpoint("bundler.accepted")
	return nil
}

// checkNonce checks that a nonce is the lane's next one, or that operations of ours fill
// the gap.
func (b *Bundler) checkNonce(ctx context.Context, o operation, now head) error {
	next, err := b.view.sequence(ctx, b, o.packed, now)
	if err != nil {
		return err
	}
	seq := sequence(o.packed).Uint64()
	if seq < next {
		return &Error{Code: CodeRejected, Field: "nonce", Message: fmt.Sprintf("AA25 invalid account nonce: sequence %d is used, the next is %d", seq, next)}
	}
	gap := seq - next
	if gap == 0 {
		return nil
	}
	if gap <= maxQueue {
		waiting, err := b.sql.CountLane(ctx, bundlersql.CountLaneParams{
			Chain: b.chain, EntryPoint: b.entryPoint.Hex(), Sender: o.packed.Sender.Hex(), Lane: lane(o.packed),
			FromSequence: coffer.NewAmount(next), ToSequence: coffer.NewAmount(seq),
		})
		if err != nil {
			return err
		}
		if uint64(waiting) == gap { // #nosec G115 -- a count
			return nil
		}
	}
	return &Error{Code: CodeRejected, Field: "nonce", Message: fmt.Sprintf("AA25 invalid account nonce: sequence %d, the next is %d, and nothing waits between", seq, next)}
}

// keep stores an admitted operation in one transaction, in the place of one with the same
// nonce and lower fees where there is one.
func (b *Bundler) keep(ctx context.Context, o operation, now head) error {
	const tries = 3
	for try := 1; ; try++ {
		err := b.db.Tx(ctx, func(tx pgx.Tx) error { return b.keepTx(ctx, bundlersql.New(tx), o, now) })
		var conflict *pgconn.PgError
		if errors.As(err, &conflict) && conflict.Code == "23505" && try < tries {
			continue // another operation took hash or nonce between our look and our write
		}
		return err
	}
}

func (b *Bundler) keepTx(ctx context.Context, q *bundlersql.Queries, o operation, now head) error {
	held, err := q.LockOperation(ctx, o.hash)
	known := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if known && held.State != stateReplaced && held.State != stateDropped {
		return nil
	}
	if err := b.makeRoom(ctx, q, o); err != nil {
		return err
	}
	at, height := b.clock(), int64(now.Height) // #nosec G115 -- bounded by maxStored
	if known {
		return q.RepoolOperation(ctx, bundlersql.RepoolOperationParams{Hash: o.hash, Operation: o.json, ReceivedHeight: height, At: at})
	}
	tipWei, feeWei := unpack128(o.packed.GasFees)
	fee, err := amount(feeWei)
	if err != nil {
		return err
	}
	tip, err := amount(tipWei)
	if err != nil {
		return err
	}
	return q.InsertOperation(ctx, bundlersql.InsertOperationParams{
		Hash: o.hash, Chain: b.chain, EntryPoint: b.entryPoint.Hex(), Sender: o.packed.Sender.Hex(),
		Lane: lane(o.packed), Sequence: coffer.NewAmount(sequence(o.packed).Uint64()),
		MaxFee: fee, MaxPriorityFee: tip, Operation: o.json, ReceivedHeight: height, At: at,
	})
}

// makeRoom replaces the operation that waits with this nonce, if the new one pays enough
// more; else it checks that the pool has room.
func (b *Bundler) makeRoom(ctx context.Context, q *bundlersql.Queries, o operation) error {
	other, err := q.LockSlot(ctx, bundlersql.LockSlotParams{
		Chain: b.chain, EntryPoint: b.entryPoint.Hex(), Sender: o.packed.Sender.Hex(),
		Lane: lane(o.packed), Sequence: coffer.NewAmount(sequence(o.packed).Uint64()),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		waiting, err := q.CountWaiting(ctx, b.chain)
		if err == nil && waiting >= int64(b.limits.MaxPool) {
			err = refuse(CodeLimit, "%d operations wait already, try again later", waiting)
		}
		return err
	}
	if err != nil {
		return err
	}
	tip, fee := unpack128(o.packed.GasFees)
	if err := checkReplacement(wei(other.MaxFee), wei(other.MaxPriorityFee), fee, tip); err != nil {
		return err
	}
	return b.move(ctx, q, other.Hash, stateReplaced, "replaced by "+o.hash.String())
}

func wei(a coffer.Amount) *big.Int { return a.Int().ToBig() }
