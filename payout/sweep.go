package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// MaxSweeps bounds the legs of one sweep.
const MaxSweeps = 100

// sweepLane is the lane of a wallet that sweeps take ("sweep" in ASCII), so that no payment
// waits for one: an EntryPoint key in hex.
const sweepLane = "0x7377656570"

// How long a sweep is put off: after its payout was given up, and, in quarantine, after its
// flush moved nothing though something was there. Doubled with each time, at most 1024-fold.
const (
	sweepDelay      = time.Minute
	sweepQuarantine = time.Hour
)

// maxDeferredSweeps bounds how many deferred sweeps are read at once.
const maxDeferredSweeps = 10_000

// SweepLeg is a sweep to plan, and what the final books say there is: zero for an address
// that rides along, because the factory flushes every address of every token.
type SweepLeg struct {
	coffer.Sweep
	Expected coffer.Amount
	Bound    coffer.Amount // of its fee, where the address pays it (TRON); zero for that of payouts
}

// DeferredSweep is an address and asset that is not swept before a time. Quarantined: a
// flush succeeded and moved nothing, as with a token that is hostile or paused.
type DeferredSweep struct {
	Forwarder   coffer.Address
	Asset       coffer.AssetID
	Tries       int
	Until       time.Time
	Quarantined bool
	Reason      string
}

// PlanSweep makes one payout that flushes these deposit addresses into the vault of a
// chain's wallet, in one transaction; one leg where addresses pay for themselves (TRON). It
// returns "" while another sweep of the wallet is not in a block yet or gas money is short, and
// CodeConflict when an address and asset is on its way already.
func (m *Manager) PlanSweep(ctx context.Context, id coffer.ChainID, legs []SweepLeg) (string, error) {
	chain, known := m.Chains[id]
	switch {
	case !known:
		return "", fmt.Errorf("plan a sweep: chain %s is not configured", id)
	case chain.coins != nil && len(chain.Tokens) == 0:
		return "", coffer.Invalid("chain", "%s has no addresses to sweep: payouts spend their coins", id)
	case chain.coins != nil:
		return m.planCoinSweep(ctx, id, chain, legs)
	case chain.paysItself():
		return m.planAccountSweep(ctx, id, chain, legs)
	case len(legs) == 0 || len(legs) > MaxSweeps:
		return "", coffer.Invalid("sweeps", "%d; want 1 to %d", len(legs), MaxSweeps)
	}
	if free, err := m.sweepLaneFree(ctx, m.sql, id, chain); err != nil || !free {
		return "", err
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	slot, err := chain.Wallet.NextSlot(call, sweepLane)
	if err != nil {
		return "", fmt.Errorf("plan a sweep on %s: next slot: %w", id, err)
	}
	if slot.Lane != sweepLane {
		return "", fmt.Errorf("plan a sweep on %s: the wallet gave slot %s", id, slot)
	}

	m.checkpoint("sweep.before_plan")
	planned := ""
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		planned, err = m.planSweep(ctx, tx, id, chain, slot, legs)
		if err == nil {
			m.checkpoint("sweep.planning")
		}
		return err
	})
	if err != nil || planned == "" {
		return "", err
	}
	m.checkpoint("sweep.planned")
	m.Log.Info("sweep planned", "payout", planned, "chain", id, "slot", slot.String(), "legs", len(legs))
	return planned, nil
}

func (m *Manager) sweepLaneFree(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain) (bool, error) {
	busy, err := q.BusyLanes(ctx, payoutsql.BusyLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return false, fmt.Errorf("read busy lanes: %w", err)
	}
	return !slices.Contains(busy, sweepLane), nil
}

func (m *Manager) planSweep(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, slot coffer.Slot, legs []SweepLeg) (string, error) {
	q := m.sql.WithTx(tx)
	wallet := string(chain.Wallet.Address())
	if err := q.LockLane(ctx, string(id)+"/"+wallet); err != nil {
		return "", fmt.Errorf("lock the lanes of %s: %w", wallet, err)
	}
	if free, err := m.sweepLaneFree(ctx, q, id, chain); err != nil || !free {
		return "", err
	}
	if funds, err := m.reserve(ctx, tx, id, chain); err != nil || !funds.gas(coffer.PathUserOp, chain.FeeBound) {
		return "", err // payments say what is lacking
	}
	live, err := q.LiveSweeps(ctx, string(id))
	if err != nil {
		return "", fmt.Errorf("read sweeps on their way: %w", err)
	}
	for _, leg := range legs {
		if slices.ContainsFunc(live, func(s payoutsql.PayoutSweep) bool {
			return s.Forwarder == string(leg.Forwarder) && s.Asset == string(leg.Asset)
		}) {
			return "", coffer.Errorf(coffer.CodeConflict, "%s of %s is being swept", leg.Asset, leg.Forwarder)
		}
	}
	if slot, err = m.takeSlot(ctx, q, id, wallet, slot); err != nil {
		return "", err
	}
	return m.insertSweep(ctx, q, id, chain, slot, legs)
}

// insertSweep writes a payout with its slot and legs.
func (m *Manager) insertSweep(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain, slot coffer.Slot, legs []SweepLeg) (string, error) {
	now := m.now()
	sequence, err := signed63(slot.Sequence)
	if err != nil {
		return "", err
	}
	wallet := chain.Wallet.Address()
	generation, err := q.PayoutsInSlot(ctx, payoutsql.PayoutsInSlotParams{
		Chain: string(id), Wallet: string(wallet), SlotKind: slot.Kind, SlotLane: slot.Lane, SlotSequence: sequence,
	})
	if err != nil {
		return "", fmt.Errorf("count payouts in slot %s: %w", slot, err)
	}
	name, err := m.unusedID(ctx, q, generation, "sweep", string(id), string(wallet), slot.String())
	if err != nil {
		return "", err
	}
	intent := coffer.Intent{
		ID:    name,
		Chain: id, Wallet: wallet, Path: coffer.PathUserOp, Slot: slot, Purpose: coffer.PurposeSweep,
		FeeBound: chain.FeeBound, Expires: now.Add(chain.Limits.IntentTTL).Truncate(time.Second),
	}
	for _, leg := range legs {
		intent.Sweeps = append(intent.Sweeps, leg.Sweep)
	}
	if err := m.insertPayout(ctx, q, intent, "sweeps are operations", now); err != nil {
		return "", err
	}
	return intent.ID, m.insertLegs(ctx, q, intent.ID, id, legs)
}

func (m *Manager) insertLegs(ctx context.Context, q *payoutsql.Queries, payout string, id coffer.ChainID, legs []SweepLeg) error {
	for i, leg := range legs {
		err := q.InsertSweep(ctx, payoutsql.InsertSweepParams{
			PayoutID: payout, Position: int32(i), Chain: string(id), Forwarder: string(leg.Forwarder),
			Salt: leg.Salt, Asset: string(leg.Asset), Expected: leg.Expected,
		})
		if err != nil {
			return fmt.Errorf("store a leg of sweep %s: %w", payout, err)
		}
	}
	return nil
}

// Sweeping returns what is not to be planned on a chain: addresses and assets in sweeps
// that have not ended, and those that are put off.
func (m *Manager) Sweeping(ctx context.Context, id coffer.ChainID) (live []coffer.Sweep, deferred []DeferredSweep, err error) {
	rows, err := m.sql.LiveSweeps(ctx, string(id))
	if err != nil {
		return nil, nil, fmt.Errorf("read sweeps on their way: %w", err)
	}
	for _, row := range rows {
		live = append(live, coffer.Sweep{Forwarder: coffer.Address(row.Forwarder), Salt: row.Salt, Asset: coffer.AssetID(row.Asset)})
	}
	put, err := m.sql.DeferredSweeps(ctx, payoutsql.DeferredSweepsParams{Chain: string(id), First: maxDeferredSweeps})
	if err != nil {
		return nil, nil, fmt.Errorf("read deferred sweeps: %w", err)
	}
	for _, row := range put {
		deferred = append(deferred, DeferredSweep{
			Forwarder: coffer.Address(row.Forwarder), Asset: coffer.AssetID(row.Asset), Tries: int(row.Tries),
			Until: row.Until.UTC(), Quarantined: row.Quarantined, Reason: row.Reason,
		})
	}
	return live, deferred, nil
}

// Sweeping is Manager.Sweeping, for people.
func (d *Desk) Sweeping(ctx context.Context, id coffer.ChainID) ([]coffer.Sweep, []DeferredSweep, error) {
	return d.m.Sweeping(ctx, id)
}

// PlanSweep refuses: a desk makes no payouts. It lets a desk stand where a Manager plans.
func (d *Desk) PlanSweep(context.Context, coffer.ChainID, []SweepLeg) (string, error) {
	return "", coffer.Errorf(coffer.CodeConflict, "sweeps are made by the server")
}

// ReleaseSweeps lets an address be swept that was put off or in quarantine, and returns in
// how many assets it was.
func (d *Desk) ReleaseSweeps(ctx context.Context, id coffer.ChainID, forwarder coffer.Address) (int64, error) {
	n, err := d.m.sql.ReleaseSweeps(ctx, payoutsql.ReleaseSweepsParams{Chain: string(id), Forwarder: string(forwarder)})
	if err != nil {
		return 0, fmt.Errorf("release sweeps of %s: %w", forwarder, err)
	}
	return n, nil
}

// sweptOrders stand for the sweeps of an intent where pauses are asked about orders: a pause
// of an asset covers its sweeps.
func sweptOrders(i coffer.Intent) []coffer.Order {
	var orders []coffer.Order
	for _, s := range i.Sweeps {
		orders = append(orders, coffer.Order{Asset: s.Asset})
	}
	return orders
}

// legsOf reads the legs of a sweep, and holds them to its intent.
func legsOf(ctx context.Context, q *payoutsql.Queries, p *Payout) ([]SweepLeg, error) {
	rows, err := q.Sweeps(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("read the legs of sweep %s: %w", p.ID, err)
	}
	if len(rows) != len(p.Intent.Sweeps) {
		return nil, fmt.Errorf("sweep %s has %d legs, its intent %d", p.ID, len(rows), len(p.Intent.Sweeps))
	}
	legs := make([]SweepLeg, len(rows))
	for i, row := range rows {
		legs[i] = SweepLeg{Sweep: p.Intent.Sweeps[i], Expected: row.Expected}
	}
	return legs, nil
}

// putOffSweeps ends the legs of a sweep that was given up; they wait before they are
// planned again.
func (m *Manager) putOffSweeps(ctx context.Context, q *payoutsql.Queries, p *Payout, reason string) error {
	for _, s := range p.Intent.Sweeps {
		if err := m.putSweepOff(ctx, q, s, sweepDelay, false, reason); err != nil {
			return err
		}
	}
	if err := q.EndSweeps(ctx, p.ID); err != nil {
		return fmt.Errorf("end the legs of sweep %s: %w", p.ID, err)
	}
	return nil
}

func (m *Manager) putSweepOff(ctx context.Context, q *payoutsql.Queries, s coffer.Sweep, delay time.Duration, quarantined bool, reason string) error {
	err := q.PutSweepOff(ctx, payoutsql.PutSweepOffParams{
		Chain: string(s.Asset.Chain()), Forwarder: string(s.Forwarder), Asset: string(s.Asset),
		At: m.now(), Seconds: int64(delay / time.Second), Quarantined: quarantined, Reason: clip(reason),
	})
	if err != nil {
		return fmt.Errorf("put off the sweep of %s from %s: %w", s.Asset, s.Forwarder, err)
	}
	return nil
}

// renewSweep puts the same sweep in the place of one whose attempts are all dead: signers
// bind a slot to its sweeps for ever. A flush of nothing harms nobody, and where a stranger
// was first nothing is expected any more.
func (m *Manager) renewSweep(ctx context.Context, tx pgx.Tx, p *Payout) error {
	if p.Intent.Path == coffer.PathPSBT { // its coin is free for the next one, which does the same
		return m.release(ctx, tx, p, p.row.Reason)
	}
	q := m.sql.WithTx(tx)
	if p.Intent.Slot.Single() { // the dead one keeps it, and another one does the same
		return m.putOffSweeps(ctx, q, p, p.row.Reason)
	}
	legs, err := legsOf(ctx, q, p)
	if err != nil {
		return err
	}
	idle, err := q.IdleSweeps(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read idle legs of sweep %s: %w", p.ID, err)
	}
	for i := range legs {
		if !slices.ContainsFunc(idle, func(s payoutsql.PayoutSweep) bool { return int(s.Position) == i }) {
			legs[i].Expected = coffer.Amount{}
		}
	}
	if err := errors.Join(q.EndSweeps(ctx, p.ID), q.FreeSlot(ctx, p.ID)); err != nil {
		return fmt.Errorf("free the slot of sweep %s: %w", p.ID, err)
	}
	id, err := m.insertSweep(ctx, q, p.Intent.Chain, m.Chains[p.Intent.Chain], p.Intent.Slot, legs)
	if err != nil {
		return err
	}
	m.Log.Warn("sweep made again in its slot", "payout", id, "before", p.ID, "slot", p.Intent.Slot.String())
	return nil
}

// seeSweeps remembers what a block moved from addresses that are being swept into the
// wallet, whoever sent the transaction: anybody may flush, and a leg that finds nothing
// because a stranger was first has not failed. The money itself is booked by deposit, for
// every flush alike.
func (b *blockTx) seeSweeps(ctx context.Context) error {
	live, err := b.q.LiveSweeps(ctx, string(b.event.Chain))
	if err != nil {
		return fmt.Errorf("read sweeps on their way: %w", err)
	}
	if len(live) == 0 {
		return nil
	}
	type place struct{ forwarder, asset string }
	legs := make(map[place]payoutsql.PayoutSweep, len(live))
	for _, s := range live {
		legs[place{s.Forwarder, s.Asset}] = s
	}
	for _, t := range b.block().Transfers {
		leg, swept := legs[place{string(t.From), string(t.Asset)}]
		if !swept || t.To != b.chain.Wallet.Address() || t.Amount.IsZero() {
			continue
		}
		err := b.q.AddSweepMove(ctx, payoutsql.AddSweepMoveParams{
			PayoutID: leg.PayoutID, Position: leg.Position, BlockHash: b.block().Hash, Tx: t.Tx, Ref: t.Ref, Amount: t.Amount,
		})
		if err != nil {
			return fmt.Errorf("remember a flush of %s: %w", leg.Forwarder, err)
		}
	}
	return nil
}

// endSweep judges the legs of a sweep whose block is final: what moved nothing though the
// books knew of something goes into quarantine, the others stand.
func (b *blockTx) endSweep(ctx context.Context, p *Payout) error {
	if !p.Inclusion.Success {
		return b.m.putOffSweeps(ctx, b.q, p, p.row.Reason)
	}
	if err := b.q.TakeSweepUp(ctx, p.ID); err != nil {
		return fmt.Errorf("forget deferrals: %w", err)
	}
	idle, err := b.q.IdleSweeps(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read idle legs of sweep %s: %w", p.ID, err)
	}
	for _, leg := range idle {
		sweep := coffer.Sweep{Forwarder: coffer.Address(leg.Forwarder), Salt: leg.Salt, Asset: coffer.AssetID(leg.Asset)}
		reason := fmt.Sprintf("flushed in tx %s, and nothing moved", p.Inclusion.Tx)
		if err := b.m.putSweepOff(ctx, b.q, sweep, sweepQuarantine, true, reason); err != nil {
			return err
		}
		b.m.Log.Error("deposit address in quarantine: a flush moved nothing", "chain", leg.Chain, "address", leg.Forwarder,
			"asset", leg.Asset, "expected", leg.Expected.String(), "tx", p.Inclusion.Tx)
	}
	if err := b.q.EndSweeps(ctx, p.ID); err != nil {
		return fmt.Errorf("end the legs of sweep %s: %w", p.ID, err)
	}
	b.m.checkpoint("sweep.ending")
	return nil
}
