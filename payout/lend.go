package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// Where a deposit address is an account of its own (TRON), it is emptied by a transaction of its
// own, and before and after it the wallet lends it what that takes. Each of these is a payout,
// in a slot of its own: a sweep of one leg, or a delegation. What has to be done next treasury
// reads from the chain and from what is on its way here, so nothing has to be remembered between
// them.

// errandLanes are the first lane of sweeps and delegations of such a wallet: payments, which take
// "0x0" and on, do not wait for them.
const errandLanes = 0x380

// errandLane is the n-th of them that is free, if one is.
func (m *Manager) errandLane(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain) (string, bool, error) {
	busy, err := q.BusyLanes(ctx, payoutsql.BusyLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return "", false, fmt.Errorf("read busy lanes: %w", err)
	}
	for n := range maxLanes {
		if l := lane(errandLanes + n); !slices.Contains(busy, l) {
			return l, true, nil
		}
	}
	return "", false, nil
}

// errand is a payout to plan that pays nobody.
type errand struct {
	coffer.Intent // its Purpose, FeeBound and what it does
	why           string
	legs          []SweepLeg
	kind          []string // what its id is made of, with its slot
	allowed       func(ctx context.Context, q *payoutsql.Queries) error
}

// PlanDelegation makes a payout that gives something to a deposit address or takes it back, and
// may cost the wallet so much at most. It returns "" when as many are on their way as may be, or
// the wallet lacks money for fees; CodeConflict while another one of the same address and
// resource, or a sweep of the address that is not in a block, is on its way.
func (m *Manager) PlanDelegation(ctx context.Context, id coffer.ChainID, d coffer.Delegation, bound coffer.Amount) (string, error) {
	chain, known := m.Chains[id]
	switch {
	case !known:
		return "", fmt.Errorf("plan a delegation: chain %s is not configured", id)
	case !chain.paysItself():
		return "", coffer.Invalid("chain", "%s has no delegations", id)
	case d.To == "" || d.Path == "":
		return "", coffer.Invalid("delegation", "is not to a deposit address")
	case bound.IsZero() || bound.Cmp(chain.FeeBound) > 0:
		return "", coffer.Invalid("bound", "%s, want 1 to %s", bound, chain.FeeBound)
	}
	e := errand{
		Intent: coffer.Intent{Purpose: coffer.PurposeDelegate, Delegations: []coffer.Delegation{d}, FeeBound: bound},
		why:    "lends what a sweep takes", kind: []string{"delegate", string(d.To), d.Resource, strconv.FormatBool(d.Back)},
	}
	if d.Back {
		e.why = "what was lent returns"
	}
	e.allowed = func(ctx context.Context, q *payoutsql.Queries) error {
		live, err := m.lending(ctx, q, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(live, func(l coffer.Delegation) bool { return l.To == d.To && l.Resource == d.Resource }) {
			return coffer.Errorf(coffer.CodeConflict, "%s of %s is on its way", d.Resource, d.To)
		}
		sweeps, err := q.LiveSweeps(ctx, string(id))
		if err != nil {
			return fmt.Errorf("read sweeps on their way: %w", err)
		}
		if slices.ContainsFunc(sweeps, func(s payoutsql.PayoutSweep) bool { return s.Forwarder == string(d.To) }) {
			return coffer.Errorf(coffer.CodeConflict, "%s is being swept", d.To)
		}
		return nil
	}
	return m.planErrand(ctx, id, chain, e)
}

// planAccountSweep makes a payout that empties one deposit address of one asset.
func (m *Manager) planAccountSweep(ctx context.Context, id coffer.ChainID, chain Chain, legs []SweepLeg) (string, error) {
	if len(legs) != 1 {
		return "", coffer.Invalid("sweeps", "%d; want 1, because a transaction has one sender", len(legs))
	}
	leg := legs[0]
	bound := chain.FeeBound
	if !leg.Bound.IsZero() && leg.Bound.Cmp(bound) < 0 {
		bound = leg.Bound
	}
	e := errand{
		Intent: coffer.Intent{Purpose: coffer.PurposeSweep, Sweeps: []coffer.Sweep{leg.Sweep}, FeeBound: bound},
		why:    "a deposit address pays for itself", legs: legs, kind: []string{"sweep"},
	}
	e.allowed = func(ctx context.Context, q *payoutsql.Queries) error {
		live, err := q.LiveSweeps(ctx, string(id))
		if err != nil {
			return fmt.Errorf("read sweeps on their way: %w", err)
		}
		if slices.ContainsFunc(live, func(s payoutsql.PayoutSweep) bool { return s.Forwarder == string(leg.Forwarder) }) {
			return coffer.Errorf(coffer.CodeConflict, "%s is being swept", leg.Forwarder)
		}
		lent, err := m.lending(ctx, q, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(lent, func(d coffer.Delegation) bool { return d.To == leg.Forwarder }) {
			return coffer.Errorf(coffer.CodeConflict, "%s is being lent to", leg.Forwarder)
		}
		return nil
	}
	return m.planErrand(ctx, id, chain, e)
}

func (m *Manager) planErrand(ctx context.Context, id coffer.ChainID, chain Chain, e errand) (string, error) {
	if m.Broken(id) != nil {
		return "", nil
	}
	lane, free, err := m.errandLane(ctx, m.sql, id, chain)
	if err != nil || !free {
		return "", err
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	slot, err := chain.Wallet.NextSlot(call, lane)
	if err != nil {
		return "", fmt.Errorf("plan a %s on %s: next slot: %w", e.Purpose, id, err)
	}
	if slot.Lane != lane || !slot.Single() {
		return "", fmt.Errorf("plan a %s on %s: the wallet gave slot %s", e.Purpose, id, slot)
	}
	if chain, err = chain.withStake(call); err != nil {
		return "", fmt.Errorf("plan a %s on %s: %w", e.Purpose, id, err)
	}
	m.checkpoint("errand.before_plan")
	planned := ""
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		planned, err = m.insertErrand(ctx, tx, id, chain, slot, e)
		if err == nil {
			m.checkpoint("errand.planning")
		}
		return err
	})
	if err != nil || planned == "" {
		return "", err
	}
	m.checkpoint("errand.planned")
	m.Log.Info(e.Purpose+" planned", "payout", planned, "chain", id, "slot", slot.String(), "why", e.why)
	return planned, nil
}

func (m *Manager) insertErrand(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, slot coffer.Slot, e errand) (string, error) {
	q := m.sql.WithTx(tx)
	wallet := string(chain.Wallet.Address())
	if err := q.LockLane(ctx, string(id)+"/"+wallet); err != nil {
		return "", fmt.Errorf("lock the lanes of %s: %w", wallet, err)
	}
	if lane, free, err := m.errandLane(ctx, q, id, chain); err != nil || !free || lane != slot.Lane {
		return "", err // somebody else was first
	}
	if err := e.allowed(ctx, q); err != nil {
		return "", err
	}
	if e.Purpose == coffer.PurposeDelegate { // a sweep costs the wallet nothing
		if funds, err := m.reserve(ctx, tx, id, chain); err != nil || !funds.gas(coffer.PathTRON, e.FeeBound) {
			return "", err // payments say what is lacking
		}
	}
	slot, err := m.takeSlot(ctx, q, id, wallet, slot)
	if err != nil {
		return "", err
	}
	sequence, err := signed63(slot.Sequence)
	if err != nil {
		return "", err
	}
	generation, err := q.PayoutsInSlot(ctx, payoutsql.PayoutsInSlotParams{
		Chain: string(id), Wallet: wallet, SlotKind: slot.Kind, SlotLane: slot.Lane, SlotSequence: sequence,
	})
	if err != nil {
		return "", fmt.Errorf("count payouts in slot %s: %w", slot, err)
	}
	intent, now := e.Intent, m.now()
	if intent.ID, err = m.unusedID(ctx, q, generation, append(slices.Clone(e.kind), string(id), wallet, slot.String())...); err != nil {
		return "", err
	}
	intent.Chain, intent.Wallet, intent.Path, intent.Slot = id, chain.Wallet.Address(), coffer.PathTRON, slot
	intent.Expires = now.Add(chain.Limits.IntentTTL).Truncate(time.Second)
	if err := m.insertPayout(ctx, q, intent, e.why, now); err != nil {
		return "", err
	}
	return intent.ID, m.insertLegs(ctx, q, intent.ID, id, e.legs)
}

// Lending lists the delegations of a chain that are on their way to a block.
func (m *Manager) Lending(ctx context.Context, id coffer.ChainID) ([]coffer.Delegation, error) {
	return m.lending(ctx, m.sql, id)
}

func (m *Manager) lending(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID) ([]coffer.Delegation, error) {
	rows, err := q.LiveDelegations(ctx, string(id))
	if err != nil {
		return nil, fmt.Errorf("read delegations on their way: %w", err)
	}
	var live []coffer.Delegation
	for _, body := range rows {
		var i coffer.Intent
		if err := json.Unmarshal(body, &i); err != nil {
			return nil, fmt.Errorf("read an intent: %w", err)
		}
		live = append(live, i.Delegations...)
	}
	return live, nil
}

// PutOffSweep makes an address wait that cannot be emptied of an asset now, twice as long each
// time.
func (m *Manager) PutOffSweep(ctx context.Context, s coffer.Sweep, reason string) error {
	return m.putSweepOff(ctx, m.sql, s, sweepDelay, false, reason)
}

// Lending is Manager.Lending, for people.
func (d *Desk) Lending(ctx context.Context, id coffer.ChainID) ([]coffer.Delegation, error) {
	return d.m.Lending(ctx, id)
}

// PlanDelegation refuses, like PlanSweep.
func (d *Desk) PlanDelegation(context.Context, coffer.ChainID, coffer.Delegation, coffer.Amount) (string, error) {
	return "", coffer.Errorf(coffer.CodeConflict, "delegations are made by the server")
}

// PutOffSweep refuses, like PlanSweep.
func (d *Desk) PutOffSweep(context.Context, coffer.Sweep, string) error {
	return coffer.Errorf(coffer.CodeConflict, "sweeps are put off by the server")
}

// sentBy reports whether an address may send what a payout does: the wallet, or the deposit
// address that empties itself.
func (p *Payout) sentBy(sender coffer.Address) bool {
	if p.Intent.Path == coffer.PathTRON && p.Intent.Purpose == coffer.PurposeSweep {
		return len(p.Intent.Sweeps) == 1 && p.Intent.Sweeps[0].Forwarder == sender
	}
	return sender == p.Intent.Wallet
}

// seeSwept finds the addresses among a block's senders that were ever swept by a transaction of
// their own: ours, whose fees are booked.
func (b *blockTx) seeSwept(ctx context.Context) error {
	if !b.chain.paysItself() {
		return nil
	}
	var senders []string
	for _, o := range b.block().Outcomes {
		if o.Slot.Kind == coffer.SlotTimestamp && o.Sender != b.chain.Wallet.Address() {
			senders = append(senders, string(o.Sender))
		}
	}
	if len(senders) == 0 {
		return nil
	}
	ours, err := b.q.SweptAmong(ctx, payoutsql.SweptAmongParams{Chain: string(b.event.Chain), Addresses: senders})
	if err != nil {
		return errors.Join(errors.New("look for deposit addresses among senders"), err)
	}
	b.swept = map[coffer.Address]bool{}
	for _, address := range ours {
		b.swept[coffer.Address(address)] = true
	}
	return nil
}
