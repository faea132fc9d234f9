package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// finalBatch bounds how many payouts one block event ends; the next goes on.
const finalBatch = 500

// blockTx applies one block event inside one transaction.
type blockTx struct {
	m     *Manager
	tx    pgx.Tx
	q     *payoutsql.Queries
	chain Chain
	event coffer.BlockEvent
	known int64 // the final height before the event

	outcomes []coffer.Outcome            // of the block
	swept    map[coffer.Address]bool     // deposit addresses among their senders
	spent    map[coffer.Hash][]spentCoin // coins set aside, by the transaction that spends them
}

func (b *blockTx) apply(ctx context.Context, cursor *payoutsql.PayoutCursor) error {
	if err := advance(cursor, b.event); err != nil {
		return err
	}
	if b.event.Kind == coffer.BlockDisconnected && b.height() <= cursor.Final {
		if allowed, err := b.mayLeave(ctx); err != nil {
			return err
		} else if !allowed {
			return fmt.Errorf("%w: block %d %s, final was %d", ErrFinal, b.height(), b.block().Hash, cursor.Final)
		}
	}
	if b.event.Kind == coffer.BlockDisconnected {
		return b.disconnect(ctx)
	}
	if err := b.connect(ctx); err != nil {
		return err
	}
	return b.finalize(ctx, cursor.Final)
}

func (b *blockTx) block() *coffer.Block { return &b.event.Block }

// height is the block's; advance has seen that it fits.
func (b *blockTx) height() int64 { return int64(b.event.Block.Height) } //nolint:gosec // see above

// connect books what a block did with our wallets, executors and payouts.
func (b *blockTx) connect(ctx context.Context) error {
	err := b.q.InsertBlock(ctx, payoutsql.InsertBlockParams{
		Chain: string(b.event.Chain), Height: b.height(), Hash: b.block().Hash, At: b.block().Time,
	})
	if err != nil {
		return fmt.Errorf("store the block's time: %w", err)
	}
	if err := b.seeSwept(ctx); err != nil {
		return err
	}
	if err := b.bookFees(ctx); err != nil {
		return err
	}
	if err := b.bookGasDeposits(ctx); err != nil {
		return err
	}
	if err := b.seeSweeps(ctx); err != nil {
		return err
	}

	if b.outcomes, err = b.seeOutcomes(ctx); err != nil {
		return err
	}
	ours, err := b.match(ctx)
	if err != nil {
		return err
	}
	for _, o := range b.outcomes {
		// What was made again may have the id of an attempt that is dead.
		if hit, ok := ours[o.ID]; (!ok || hit.State == string(coffer.PayoutExpired)) && (o.Sender == b.chain.Wallet.Address() || b.swept[o.Sender]) {
			if ours, err = b.matchUnsigned(ctx, o, ours); err != nil {
				return err
			}
		}
		if hit, ok := ours[o.ID]; ok && hit.Chain == string(b.event.Chain) {
			if err := b.include(ctx, hit, o); err != nil {
				return fmt.Errorf("payout %s in block %d: %w", hit.PayoutID, b.block().Height, err)
			}
			continue
		}
		if o.Sender == b.chain.Wallet.Address() {
			if err := b.foreign(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// match finds the attempts that outcomes name by their id.
func (b *blockTx) match(ctx context.Context) (map[coffer.Hash]payoutsql.AttemptsBySignedIDRow, error) {
	ids := make([][]byte, len(b.outcomes))
	for i, o := range b.outcomes {
		ids[i] = o.ID[:]
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := b.q.AttemptsBySignedID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("match outcomes: %w", err)
	}
	hits := make(map[coffer.Hash]payoutsql.AttemptsBySignedIDRow, len(rows))
	for _, row := range rows {
		hits[*row.SignedID] = row
	}
	return hits, nil
}

// lock reads a payout for update.
func (b *blockTx) lock(ctx context.Context, id string) (*Payout, error) {
	row, err := b.q.Lock(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("lock payout %s: %w", id, err)
	}
	ps, err := b.m.load(ctx, b.q, []payoutsql.Payout{row})
	if err != nil {
		return nil, err
	}
	return &ps[0], nil
}

// include records that an attempt landed, whatever state its payout was in.
func (b *blockTx) include(ctx context.Context, hit payoutsql.AttemptsBySignedIDRow, o coffer.Outcome) error {
	p, err := b.lock(ctx, hit.PayoutID)
	if err != nil {
		return err
	}
	if !coffer.PayoutMoves.Allowed(p.State, coffer.PayoutIncluded) {
		return b.alarm(ctx, p, fmt.Sprintf("attempt %d landed in tx %s while the payout is %s", hit.Number, o.Tx, p.State))
	}
	if !p.sentBy(o.Sender) || !sameSlot(o.Slot, p.Intent.Slot) {
		return b.alarm(ctx, p, fmt.Sprintf("attempt %d landed as sender %s slot %s, not %s slot %s", hit.Number, o.Sender, o.Slot, p.Intent.Wallet, p.Intent.Slot))
	}

	height := b.height()
	if err := p.move(coffer.PayoutIncluded); err != nil {
		return err
	}
	p.row.IncludedAttempt, p.row.Tx, p.row.Success = &hit.Number, &o.Tx, &o.Success
	p.row.BlockHeight, p.row.BlockHash = &height, &b.block().Hash
	p.row.LostBlock, p.row.LostHeight = nil, nil
	if err := b.keepCost(ctx, p.ID, hit.Number, o.Cost); err != nil {
		return err
	}
	if hit.Cancels {
		paid := false
		p.row.Success, p.row.Reason = &paid, reasonCancelled
		if p.Intent.Path == coffer.PathPSBT {
			if _, err := b.bookCoins(ctx, p, o, nil); err != nil {
				return err
			}
		}
		return b.m.save(ctx, b.q, p)
	}
	if !o.Success {
		p.row.Reason = strings.TrimSuffix("the transaction failed on the chain: "+clip(o.Reason), ": ")
		return b.m.save(ctx, b.q, p)
	}

	missing, err := b.bookLegs(ctx, p, o)
	switch {
	case err != nil:
		return err
	case len(missing) > 0 && b.movedNothing(p, o):
		paid := false
		p.row.Success, p.row.Reason = &paid, reasonMovedNothing
		return b.m.save(ctx, b.q, p)
	case len(missing) > 0:
		if err := b.markUnproven(ctx, p, missing); err != nil {
			return err
		}
		return b.alarm(ctx, p, fmt.Sprintf("tx %s says success, but holds no transfer for payments %v", o.Tx, missing))
	case p.row.Alarm != "": // parked before: a person decides
		return b.m.save(ctx, b.q, p)
	}
	if err := b.m.Withdrawals.Confirming(ctx, b.tx, p.Withdrawals, o.Tx); err != nil {
		return err
	}
	b.m.Log.Info("payout included", "payout", p.ID, "tx", o.Tx, "height", b.block().Height)
	if err := b.m.save(ctx, b.q, p); err != nil {
		return err
	}
	b.m.checkpoint("payout.including")
	return nil
}

// markUnproven notes which payments of a payout the block does not prove.
func (b *blockTx) markUnproven(ctx context.Context, p *Payout, missing []int) error {
	positions := make([]int32, len(missing))
	for i, n := range missing {
		positions[i] = int32(n) //nolint:gosec // at most maxOrders
	}
	if err := b.q.MarkUnproven(ctx, payoutsql.MarkUnprovenParams{PayoutID: p.ID, Positions: positions}); err != nil {
		return fmt.Errorf("mark unproven payments: %w", err)
	}
	return nil
}

// sameSlot compares the slot of an outcome with a payout's. Blocks do not tell a Safe's
// nonce; the id that was found commits to it.
func sameSlot(found, want coffer.Slot) bool {
	if want.Kind == coffer.SlotSafe {
		return found.Kind == coffer.SlotSafe
	}
	return found == want
}

// foreignSafe looks at a Safe transaction that no attempt of ours explains. It may have
// had the nonce of the payout that is on its way, or an earlier one, where the node was
// ahead of this block when the payout took its slot: judgeLost finds out.
func (b *blockTx) foreignSafe(ctx context.Context, o coffer.Outcome) error {
	ids, err := b.q.PayoutsBySafe(ctx, payoutsql.PayoutsBySafeParams{Chain: string(b.event.Chain), Wallet: string(o.Sender)})
	if err != nil {
		return fmt.Errorf("look up the Safe transactions of %s: %w", o.Sender, err)
	}
	if len(ids) == 0 {
		b.m.Log.Error("our wallet acted without a payout", "chain", b.event.Chain, "wallet", o.Sender, "safe_tx", o.ID, "tx", o.Tx)
		return nil
	}
	for _, id := range ids {
		p, err := b.lock(ctx, id)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("the Safe executed %s in tx %s, which is no attempt of ours, and may have taken its slot %s", o.ID, o.Tx, p.Intent.Slot)
		b.lose(p)
		if err := b.alarm(ctx, p, text); err != nil {
			return err
		}
	}
	return nil
}

// foreign looks at an outcome of our wallet that no attempt of ours explains: if it took
// the slot of a payout, that payout will never land as we signed it.
func (b *blockTx) foreign(ctx context.Context, o coffer.Outcome) error {
	switch o.Slot.Kind {
	case coffer.SlotSafe:
		return b.foreignSafe(ctx, o)
	case coffer.SlotCoin:
		return b.foreignCoins(ctx, o)
	case coffer.SlotTimestamp: // it takes no place from what we signed
		b.m.Log.Error("our wallet acted without a payout", "chain", b.event.Chain, "wallet", o.Sender, "tx", o.Tx)
		return nil
	}
	sequence, err := signed63(o.Slot.Sequence)
	if err != nil {
		return nil //nolint:nilerr // no slot of ours is that high
	}
	id, err := b.q.PayoutBySlot(ctx, payoutsql.PayoutBySlotParams{
		Chain: string(b.event.Chain), Wallet: string(o.Sender), Kind: o.Slot.Kind, Lane: o.Slot.Lane, Sequence: sequence,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		b.m.Log.Error("our wallet acted without a payout", "chain", b.event.Chain, "wallet", o.Sender, "slot", o.Slot.String(), "tx", o.Tx)
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up slot %s: %w", o.Slot, err)
	}
	p, err := b.lock(ctx, id)
	if err != nil {
		return err
	}
	if p.State == coffer.PayoutPlanned || p.State == coffer.PayoutBuilt {
		b.m.Log.Error("our wallet acted without a payout", "chain", b.event.Chain, "wallet", o.Sender, "slot", o.Slot.String(), "tx", o.Tx)
		return nil // nobody signed for this slot yet; simulation will fail, and the payout be given up
	}
	b.lose(p)
	return b.alarm(ctx, p, fmt.Sprintf("its slot %s was taken by %s in tx %s, which is no attempt of ours", o.Slot, o.ID, o.Tx))
}

// lose notes that the block gave a payout's slot to something else.
func (b *blockTx) lose(p *Payout) {
	height := b.height()
	p.row.LostBlock, p.row.LostHeight = &b.block().Hash, &height
}

// unlose takes back that the block gave a payout's slot to something else. Of a Safe's
// transactions only the last is remembered, and an earlier one may have had the nonce: the
// parent block is asked about in its place.
func (b *blockTx) unlose(p *Payout) {
	p.row.LostBlock, p.row.LostHeight = nil, nil
	if p.Intent.Slot.Kind == coffer.SlotSafe && b.height() > 0 {
		height := b.height() - 1
		p.row.LostBlock, p.row.LostHeight = &b.block().Parent, &height
	}
}

// alarm parks a payout for a person. It holds while the block is on the chain.
func (b *blockTx) alarm(ctx context.Context, p *Payout, text string) error {
	if p.row.Alarm != "" {
		text = p.row.Alarm + "; " + text
	}
	p.Alarm, p.row.Alarm, p.row.AlarmBlock = clip(text), clip(text), &b.block().Hash
	b.m.Log.Error("payout parked", "payout", p.ID, "alarm", text)
	return b.m.save(ctx, b.q, p)
}

// disconnect undoes what the block's connect did.
func (b *blockTx) disconnect(ctx context.Context) error {
	hash := b.block().Hash
	if err := b.q.DeleteBlock(ctx, payoutsql.DeleteBlockParams{Chain: string(b.event.Chain), Height: b.height()}); err != nil {
		return fmt.Errorf("forget the block's time: %w", err)
	}
	// The payouts before their entries: a person may be booking one just now ([Desk.Clear]).
	// Alarms first: a payout whose alarm this block raised is an ordinary one again.
	alarmed, err := b.q.LockAlarmedBy(ctx, payoutsql.LockAlarmedByParams{Chain: string(b.event.Chain), Hash: hash[:]})
	if err != nil {
		return fmt.Errorf("read alarms of the block: %w", err)
	}
	included, err := b.q.LockIncludedIn(ctx, payoutsql.LockIncludedInParams{Chain: string(b.event.Chain), BlockHash: &hash})
	if err != nil {
		return fmt.Errorf("read payouts of the block: %w", err)
	}

	entries, err := b.q.EntriesOf(ctx, payoutsql.EntriesOfParams{Chain: string(b.event.Chain), Hash: hash})
	if err != nil {
		return fmt.Errorf("read the block's entries: %w", err)
	}
	if b.height() <= b.known {
		forgotten, err := b.finalEntries(ctx)
		if err != nil {
			return err
		}
		entries = append(entries, forgotten...)
	}
	for _, entry := range entries {
		reversal := coffer.DeriveID("en", entry, "reversed")
		if err := b.m.Ledger.Reverse(ctx, b.tx, entry, reversal, "payout.reversed", b.block().BlockRef, b.m.now()); err != nil {
			return fmt.Errorf("reverse entry %s: %w", entry, err)
		}
	}
	if err := b.q.DropEntries(ctx, payoutsql.DropEntriesParams{Chain: string(b.event.Chain), Hash: hash}); err != nil {
		return fmt.Errorf("forget the block's entries: %w", err)
	}
	if err := b.q.UnmarkCoinsSpent(ctx, payoutsql.UnmarkCoinsSpentParams{Chain: string(b.event.Chain), Block: hash[:]}); err != nil {
		return fmt.Errorf("forget the coins that the block spent: %w", err)
	}
	if err := b.q.DropSweepMoves(ctx, hash); err != nil {
		return fmt.Errorf("forget the block's flushes: %w", err)
	}
	return b.reopen(ctx, alarmed, included)
}

// reopen clears the alarms of a block and takes its payouts back to broadcast.
func (b *blockTx) reopen(ctx context.Context, alarmed, included []payoutsql.Payout) error {
	ps := map[string]*Payout{}
	var order []string
	for _, rows := range [][]payoutsql.Payout{alarmed, included} {
		loaded, err := b.m.load(ctx, b.q, rows)
		if err != nil {
			return err
		}
		for i := range loaded {
			if ps[loaded[i].ID] == nil {
				ps[loaded[i].ID] = &loaded[i]
				order = append(order, loaded[i].ID)
			}
		}
	}
	for _, id := range order {
		p := ps[id]
		confirmed := p.State == coffer.PayoutIncluded && p.Inclusion.Success && p.row.Alarm == ""
		if p.row.AlarmBlock != nil && *p.row.AlarmBlock == b.block().Hash {
			p.row.Alarm, p.row.AlarmBlock = "", nil
		}
		if p.row.LostBlock != nil && *p.row.LostBlock == b.block().Hash {
			b.unlose(p)
		}
		if p.Inclusion != nil && p.Inclusion.Block.Hash == b.block().Hash {
			if err := b.reopenOne(ctx, p, confirmed); err != nil {
				return err
			}
		}
		if err := b.m.save(ctx, b.q, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *blockTx) reopenOne(ctx context.Context, p *Payout, confirmed bool) error {
	if err := b.m.next(p, coffer.PayoutBroadcast); err != nil {
		return err
	}
	if err := b.q.MarkProven(ctx, p.ID); err != nil {
		return fmt.Errorf("forget unproven payments: %w", err)
	}
	if err := b.keepCost(ctx, p.ID, int32(p.Inclusion.Attempt), coffer.Cost{}); err != nil { //nolint:gosec // at most MaxAttempts
		return err
	}
	p.row.IncludedAttempt, p.row.Tx, p.row.Success, p.row.BlockHeight, p.row.BlockHash = nil, nil, nil, nil, nil
	p.row.Reason, p.row.SinceHeight = "", nil
	b.m.Log.Warn("payout left the chain with its block", "payout", p.ID, "height", b.block().Height)
	if !confirmed {
		return nil
	}
	b.m.checkpoint("payout.reopening")
	return b.m.Withdrawals.Reopened(ctx, b.tx, p.Withdrawals)
}

// finalize ends what the final height decides.
func (b *blockTx) finalize(ctx context.Context, final int64) error {
	rows, err := b.q.LockFinal(ctx, payoutsql.LockFinalParams{Chain: string(b.event.Chain), Final: final, First: finalBatch})
	if err != nil {
		return fmt.Errorf("read final payouts: %w", err)
	}
	ps, err := b.m.load(ctx, b.q, rows)
	if err != nil {
		return err
	}
	for i := range ps {
		if err := b.end(ctx, &ps[i]); err != nil {
			return fmt.Errorf("end payout %s: %w", ps[i].ID, err)
		}
	}
	if err := b.endLost(ctx, final); err != nil {
		return err
	}
	if err := b.endOrphans(ctx); err != nil {
		return err
	}
	if final == b.known {
		return nil
	}
	if err := b.expire(ctx, final); err != nil {
		return err
	}
	if err := b.q.PruneBlocks(ctx, payoutsql.PruneBlocksParams{Chain: string(b.event.Chain), Below: final}); err != nil {
		return fmt.Errorf("forget final blocks: %w", err)
	}
	if err := b.q.PruneEntries(ctx, payoutsql.PruneEntriesParams{Chain: string(b.event.Chain), Final: final}); err != nil {
		return fmt.Errorf("forget final entries: %w", err)
	}
	return nil
}

// settle says how the withdrawals of a final payout ended: paid, or, where the transaction
// failed, in two payouts of half the size, until the one that makes it fail is alone.
func (b *blockTx) settle(ctx context.Context, p *Payout) error {
	switch {
	case p.Intent.Purpose == coffer.PurposeSweep:
		return b.endSweep(ctx, p)
	case p.Attempts[p.Inclusion.Attempt].Cancels:
		return b.m.endCancelled(ctx, b.tx, p)
	case p.Inclusion.Success:
		return b.settlePaid(ctx, p)
	case len(p.Withdrawals) > 1:
		return b.m.split(ctx, b.tx, p, "its batch failed on the chain and is tried again in two halves")
	case len(p.Withdrawals) == 1 && p.Intent.Slot.Single() && strings.Contains(p.row.Reason, coffer.ReasonOutOfEnergy):
		return b.m.tryWithMore(ctx, b.tx, p)
	case len(p.Withdrawals) == 1:
		return b.m.quarantine(ctx, b.tx, p, p.Withdrawals[0], p.row.Reason)
	}
	return nil
}

// settlePaid settles what a final transaction paid. What it did not prove to have paid fails:
// a person said so, else the payout would still wait.
func (b *blockTx) settlePaid(ctx context.Context, p *Payout) error {
	unproven, err := b.q.Unproven(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read unproven payments: %w", err)
	}
	var paid []string
	for n, id := range p.Withdrawals {
		if !slices.Contains(unproven, int32(n)) {
			paid = append(paid, id)
			continue
		}
		if err := b.m.Withdrawals.Failed(ctx, b.tx, id, fmt.Sprintf("transaction %s is final and did not pay it", p.Inclusion.Tx)); err != nil {
			return err
		}
	}
	if err := b.m.Withdrawals.Confirmed(ctx, b.tx, paid, p.Inclusion.Tx); err != nil {
		return err
	}
	for _, id := range paid {
		if err := b.m.Withdrawals.Settled(ctx, b.tx, id, p.Inclusion.Block); err != nil {
			return err
		}
	}
	return nil
}

// endLost ends payouts whose slot a final block gave to something else: nothing of theirs
// can ever land, and their withdrawals go into another payout. Those with a Safe's nonce
// are judgeLost's.
func (b *blockTx) endLost(ctx context.Context, final int64) error {
	rows, err := b.q.LockLost(ctx, payoutsql.LockLostParams{Chain: string(b.event.Chain), Final: final, First: finalBatch})
	if err != nil {
		return fmt.Errorf("read payouts without their slot: %w", err)
	}
	ps, err := b.m.load(ctx, b.q, rows)
	if err != nil {
		return err
	}
	for i := range ps {
		if err := b.m.endWithoutSlot(ctx, b.tx, b.q, &ps[i]); err != nil {
			return err
		}
	}
	return nil
}

// end settles or fails the withdrawals of a payout whose block is final.
func (b *blockTx) end(ctx context.Context, p *Payout) error {
	to := coffer.PayoutFinal
	if !p.Inclusion.Success {
		to = coffer.PayoutReverted
	}
	if err := b.q.TakeUp(ctx, p.Withdrawals); err != nil {
		return fmt.Errorf("forget deferrals: %w", err)
	}
	if err := b.settle(ctx, p); err != nil {
		return err
	}
	if err := b.q.EndCoins(ctx, p.ID); err != nil {
		return fmt.Errorf("give back what it did not spend: %w", err)
	}
	if err := b.addSpent(ctx, p); err != nil {
		return err
	}
	if err := p.move(to); err != nil {
		return err
	}
	b.m.Log.Info("payout ended", "payout", p.ID, "state", to, "reason", p.row.Reason)
	if err := b.m.save(ctx, b.q, p); err != nil {
		return err
	}
	b.m.checkpoint("payout.ending")
	return nil
}

// expire ends payouts that can never land: every attempt's validity ended before the time
// of the final block, and no block up to there holds one. Later blocks have later times.
func (b *blockTx) expire(ctx context.Context, final int64) error {
	at, err := b.q.BlockAt(ctx, payoutsql.BlockAtParams{Chain: string(b.event.Chain), Height: final})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // final is below the first block we saw
	}
	if err != nil {
		return fmt.Errorf("read the final block's time: %w", err)
	}
	rows, err := b.q.LockExpired(ctx, payoutsql.LockExpiredParams{Chain: string(b.event.Chain), FinalTime: at, First: finalBatch})
	if err != nil {
		return fmt.Errorf("read expired payouts: %w", err)
	}
	ps, err := b.m.load(ctx, b.q, rows)
	if err != nil {
		return err
	}
	for i := range ps {
		p := &ps[i]
		if !p.expiredBy(at) {
			return fmt.Errorf("payout %s: SQL and Go differ about its expiry", p.ID)
		}
		if err := b.expireOne(ctx, p); err != nil {
			return err
		}
		b.m.Log.Warn("payout expired", "payout", p.ID, "slot", p.Intent.Slot.String())
		if err := b.m.save(ctx, b.q, p); err != nil {
			return err
		}
		b.m.checkpoint("payout.expiring")
	}
	return nil
}

func (b *blockTx) expireOne(ctx context.Context, p *Payout) error {
	refused, err := b.m.refused(ctx, b.q, p)
	if err != nil {
		return err
	}
	note := p.row.Note
	if err := p.move(coffer.PayoutExpired); err != nil {
		return err
	}
	if refused {
		p.row.Reason = clip("every signer refused: " + note)
		return b.m.endRefused(ctx, b.tx, p, note)
	}
	p.row.Reason = "no attempt landed before its validity ended, finally"
	return b.m.renew(ctx, b.tx, p)
}

// post books an entry of this block and remembers it for a reversal. Its id holds the
// event's sequence, because the same block can come back after it left.
func (b *blockTx) post(ctx context.Context, kind, resource string, of []string, postings ...ledger.Posting) error {
	parts := append([]string{string(b.event.Chain), strconv.FormatUint(b.event.Sequence, 10), kind}, of...)
	id := coffer.DeriveID("en", parts...)
	err := b.m.Ledger.Post(ctx, b.tx, ledger.Entry{
		ID: id, Kind: kind, Resource: resource, Chain: b.event.Chain, Block: b.block().BlockRef, At: b.m.now(), Postings: postings,
	})
	if err != nil {
		return fmt.Errorf("book %s: %w", kind, err)
	}
	err = b.q.RecordEntry(ctx, payoutsql.RecordEntryParams{Chain: string(b.event.Chain), Height: b.height(), Hash: b.block().Hash, Entry: id})
	if err != nil {
		return fmt.Errorf("remember %s: %w", kind, err)
	}
	return nil
}
