package signer

import (
	"fmt"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// state is what the log's records add up to: the same records give the same state, so a
// restart remembers what the process knew. It grows with every order; velocity keeps only
// what its window needs.
type state struct {
	name   string
	last   time.Time // of the last record
	orders map[string]binding

	revoked  map[string]bool // ids of orders
	commands commands
	slots    map[slotKey]*slotState
	spends   []*spend // within the last Window, oldest first
	total    *spent   // of spends
	gas      []gasSpend
}

// binding is what an order id stands for, forever, and the slot it is to be paid in. Free:
// that slot ended without paying it, so it may be paid in another one.
type binding struct {
	hash coffer.Hash
	slot slotKey
	free bool
}

// slotKey names a slot of a wallet on a chain.
type slotKey struct {
	chain  coffer.ChainID
	wallet coffer.Address
	slot   coffer.Slot
}

func slotOf(i coffer.Intent) slotKey { return slotKey{i.Chain, i.Wallet, i.Slot} }

// slotState is what a slot was given to: these orders or sweeps, in this order, or a
// consolidation, for at most this fee.
type slotState struct {
	orders   []coffer.Hash
	sweeps   coffer.Hash // zero for none
	own      bool        // to pay coins of the wallet to the wallet
	feeBound coffer.Amount
	digests  map[coffer.Hash]bool
	spend    *spend   // what taking the slot counted for
	raises   []*spend // and what its cancellations may cost more

	since   time.Time     // it was taken
	until   time.Time     // the last moment that anything signed in it is valid; zero: for ever
	ids     []coffer.Hash // what was signed will be known by
	cancels []coffer.Hash // and what was signed to cancel it
	unnamed bool          // something was signed whose id was not kept
	paying  []orderRecord // the orders as they were recorded
	end     string        // how it ended, empty while it has not
	by      coffer.Hash   // what consumed it
}

// spend is one bound slot with its orders and its fee, counted at one moment.
type spend struct {
	at     time.Time
	orders []orderRecord
	native coffer.AssetID
	fee    coffer.Amount
	out    bool // of the Window
	sweep  bool // or a consolidation
	lends  bool // a delegation, or a new account
}

// gasSpend is what one transaction of an executor can cost.
type gasSpend struct {
	at     time.Time
	chain  coffer.ChainID
	nonce  uint64
	fee    coffer.Amount
	value  coffer.Amount
	digest coffer.Hash
}

func newState(name string) *state {
	return &state{name: name, orders: map[string]binding{}, revoked: map[string]bool{}, commands: newCommands(), slots: map[slotKey]*slotState{}, total: newSpent()}
}

// now never runs backwards: a clock set back neither revives what expired nor reopens a
// window.
func (s *state) now(clock time.Time) time.Time {
	if clock.Before(s.last) {
		return s.last
	}
	return clock
}

// checkBinding refuses an order that is bound to another content or slot, and a slot that
// is bound to other orders or a lower fee. fresh: the slot is not taken yet.
func (s *state) checkBinding(r coffer.SigningRequest, e coffer.Effects) (fresh bool, err error) {
	key := slotOf(r.Intent)
	for k, o := range r.Orders {
		bound, known := s.orders[o.ID]
		switch {
		case s.revoked[o.ID]:
			return false, coffer.Errorf(coffer.CodeConflict, "order %s was revoked", o.ID)
		case !known:
		case bound.hash != r.Intent.Orders[k]:
			return false, coffer.Errorf(coffer.CodeConflict, "order %s was signed with another content", o.ID)
		case bound.free:
		case s.slots[bound.slot] != nil && s.slots[bound.slot].end == endPaid:
			return false, coffer.Errorf(coffer.CodeConflict, "order %s was paid in slot %s by %s", o.ID, bound.slot.slot, s.slots[bound.slot].by)
		case bound.slot != key:
			return false, coffer.Errorf(coffer.CodeConflict, "order %s is bound to slot %s of %s on %s",
				o.ID, bound.slot.slot, bound.slot.wallet, bound.slot.chain)
		}
	}

	taken, ok := s.slots[key]
	if !ok {
		return true, nil
	}
	if taken.end != "" {
		return false, coffer.Errorf(coffer.CodeConflict, "slot %s was consumed by %s", key.slot, taken.by)
	}
	if key.slot.Single() && !taken.has(e.Digests) {
		return false, coffer.Errorf(coffer.CodeConflict, "slot %s was signed for another transaction: both could land", key.slot)
	}
	cancel := r.Intent.Purpose == coffer.PurposeCancel // pays nothing, and at most one of the two lands
	if !cancel && !slices.Equal(taken.orders, r.Intent.Orders) {
		return false, coffer.Errorf(coffer.CodeConflict, "slot %s was signed with other orders", key.slot)
	}
	if !cancel && taken.sweeps != sweepsHash(r.Intent) {
		return false, coffer.Errorf(coffer.CodeConflict, "slot %s was signed with other sweeps", key.slot)
	}
	if !cancel && taken.own != (r.Intent.Purpose == coffer.PurposeConsolidate) {
		return false, coffer.Errorf(coffer.CodeConflict, "slot %s was signed for another purpose", key.slot)
	}
	if e.FeeBound.Cmp(taken.feeBound) > 0 && !dearer(r.Intent) {
		return false, coffer.Errorf(coffer.CodeConflict, "the transaction may cost %s, slot %s was given %s", e.FeeBound, key.slot, taken.feeBound)
	}
	return false, nil
}

// dearer reports whether a payout may cost more than what its slot was given: a cancellation
// that replaces a transaction in the pools of nodes has to beat its fee (BIP-125). Policy
// judges what it may cost.
func dearer(i coffer.Intent) bool {
	return i.Purpose == coffer.PurposeCancel && i.Slot.Kind == coffer.SlotCoin
}

// signed reports whether all these digests were recorded before.
func (s *state) signed(i coffer.Intent, digests []coffer.Hash) bool {
	slot, ok := s.slots[slotOf(i)]
	return ok && slot.has(digests)
}

func (s *slotState) has(digests []coffer.Hash) bool {
	return !slices.ContainsFunc(digests, func(d coffer.Hash) bool { return !s.digests[d] })
}

// apply adds one record. It refuses records that no correct signer would have written.
func (s *state) apply(rec record) error {
	if rec.At.Before(s.last) {
		return fmt.Errorf("record %d is older than the one before", rec.Sequence)
	}
	if (rec.Sequence == 1) != (rec.Kind == kindOpened) {
		return fmt.Errorf("record %d is %q", rec.Sequence, rec.Kind)
	}
	s.last = rec.At
	switch {
	case rec.Kind == kindOpened && rec.Opened != nil:
		if rec.Opened.Signer != s.name {
			return fmt.Errorf("the log belongs to signer %q, this is %q", rec.Opened.Signer, s.name)
		}
		return nil
	case rec.Kind == kindPayout && rec.Payout != nil:
		return s.applyPayout(rec.Sequence, rec.At, *rec.Payout)
	case rec.Kind == kindSlot && rec.Slot != nil:
		return s.applySlot(rec.Sequence, *rec.Slot)
	case rec.Kind == kindRevoked && rec.Revoked != nil:
		s.revoked[rec.Revoked.ID] = true
		return nil
	case rec.Kind == kindCommand && rec.Command != nil:
		return s.applyCommand(rec.Sequence, rec.At, *rec.Command)
	case rec.Kind == kindCut && rec.Cut != nil:
		s.commands.cut = rec.Cut
		return nil
	case rec.Kind == kindExecutor && rec.Executor != nil:
		s.gas = append(s.gas, gasSpend{rec.At, rec.Executor.Chain, rec.Executor.Nonce, rec.Executor.Fee, rec.Executor.Value, rec.Executor.Digest})
		return nil
	}
	return fmt.Errorf("record %d has kind %q without its body", rec.Sequence, rec.Kind)
}

func (s *state) applyPayout(sequence uint64, at time.Time, p payoutRecord) error {
	key := slotKey{p.Chain, p.Wallet, p.Slot}
	hashes := make([]coffer.Hash, len(p.Orders))
	for k, o := range p.Orders {
		hashes[k] = o.Hash
		if s.revoked[o.ID] {
			return fmt.Errorf("record %d signs order %s, which was revoked", sequence, o.ID)
		}
		if bound, known := s.orders[o.ID]; known && (bound.hash != o.Hash || bound.slot != key && !bound.free) {
			return fmt.Errorf("record %d binds order %s again", sequence, o.ID)
		}
		s.orders[o.ID] = binding{hash: o.Hash, slot: key}
	}

	slot, taken := s.slots[key]
	if !taken {
		counted := &spend{at: at, orders: p.Orders, native: p.Native, fee: p.FeeBound, sweep: !p.Sweeps.IsZero() || p.Consolidate, lends: p.Lends}
		if err := s.total.addSpend(*counted); err != nil {
			return fmt.Errorf("record %d: add up what was spent: %w", sequence, err)
		}
		s.spends = append(s.spends, counted)
		slot = &slotState{orders: hashes, sweeps: p.Sweeps, own: p.Consolidate, feeBound: p.FeeBound, digests: map[coffer.Hash]bool{}, spend: counted,
			since: at, until: p.ValidUntil, paying: p.Orders}
		s.slots[key] = slot
	} else if slot.end != "" {
		return fmt.Errorf("record %d signs in slot %s, which ended", sequence, p.Slot)
	} else if p.Slot.Single() && !slot.has(p.Digests) {
		return fmt.Errorf("record %d signs another transaction in slot %s, which is for one", sequence, p.Slot)
	} else if !p.Cancel && (!slices.Equal(slot.orders, hashes) || slot.sweeps != p.Sweeps || slot.own != p.Consolidate) {
		return fmt.Errorf("record %d gives slot %s to other orders or sweeps", sequence, p.Slot)
	}
	for _, d := range p.Digests {
		slot.digests[d] = true
	}
	if p.Cancel && p.Slot.Kind == coffer.SlotCoin && p.FeeBound.Cmp(slot.feeBound) > 0 {
		if err := s.raise(slot, p.FeeBound, at); err != nil {
			return fmt.Errorf("record %d: add up what was spent: %w", sequence, err)
		}
	}
	if p.Cancel {
		slot.cancels = append(slot.cancels, p.IDs...)
	} else {
		slot.ids = append(slot.ids, p.IDs...)
		slot.unnamed = slot.unnamed || len(p.IDs) == 0
	}
	if unixOrZero(p.ValidUntil) == 0 || unixOrZero(slot.until) == 0 {
		slot.until = time.Time{}
	} else if p.ValidUntil.After(slot.until) {
		slot.until = p.ValidUntil
	}
	return nil
}

func unixOrZero(t time.Time) int64 { return max(t.Unix(), 0) }

// applySlot ends a slot. Unless its orders were paid they are free for another one, and do
// not count against velocity any more; the fee does. A slot that was not consumed can be
// given to anybody.
func (s *state) applySlot(sequence uint64, r slotRecord) error {
	key := slotKey{r.Chain, r.Wallet, r.Slot}
	slot, taken := s.slots[key]
	if !taken || slot.end != "" {
		return fmt.Errorf("record %d ends slot %s, which is not in use", sequence, r.Slot)
	}
	switch r.End {
	case endPaid:
		slot.end, slot.by = r.End, r.By
		return nil
	case endFailed, endOther, endCancelled:
		slot.end, slot.by = r.End, r.By
	case endExpired:
		delete(s.slots, key)
	default:
		return fmt.Errorf("record %d ends slot %s by %q", sequence, r.Slot, r.End)
	}
	for _, o := range slot.paying {
		if bound := s.orders[o.ID]; bound.slot == key {
			bound.free = true
			s.orders[o.ID] = bound
		}
	}
	if !slot.spend.out {
		s.total.subtract(spend{orders: slot.spend.orders, native: slot.spend.native})
	}
	slot.spend.orders = nil
	return nil
}

// raise counts a slot for a higher fee than it was given, when that is signed: the slot's own
// share may be forgotten by then.
func (s *state) raise(slot *slotState, bound coffer.Amount, at time.Time) error {
	more, since := bound, at.Add(-policy.Window)
	for _, counted := range append([]*spend{slot.spend}, slot.raises...) {
		if !counted.at.After(since) {
			continue
		}
		var err error
		if more, err = more.Sub(counted.fee); err != nil {
			return err
		}
	}
	counted := &spend{at: at, native: slot.spend.native, fee: more, sweep: slot.spend.sweep}
	if err := s.total.addSpend(*counted); err != nil {
		return err
	}
	s.spends, slot.raises = append(s.spends, counted), append(slot.raises, counted)
	slot.feeBound = bound
	return nil
}

// inTheWay are the slots that have to have ended before a request can be signed.
func (s *state) inTheWay(r coffer.SigningRequest, native coffer.AssetID) []slotView {
	var keys []slotKey
	own := slotOf(r.Intent)
	for k, o := range r.Orders {
		bound, known := s.orders[o.ID]
		if known && !bound.free && bound.hash == r.Intent.Orders[k] && bound.slot != own && !slices.Contains(keys, bound.slot) {
			keys = append(keys, bound.slot)
		}
	}
	cancel := r.Intent.Purpose == coffer.PurposeCancel
	if taken, ok := s.slots[own]; ok && !cancel && (!slices.Equal(taken.orders, r.Intent.Orders) || taken.sweeps != sweepsHash(r.Intent) ||
		taken.own != (r.Intent.Purpose == coffer.PurposeConsolidate)) {
		keys = append(keys, own)
	}
	var views []slotView
	for _, key := range keys {
		slot := s.slots[key]
		if slot == nil || slot.end != "" {
			continue
		}
		views = append(views, slotView{key: key, since: slot.since, until: slot.until, ids: slices.Clone(slot.ids),
			cancels: slices.Clone(slot.cancels), unnamed: slot.unnamed, native: native, payments: slices.Clone(slot.paying)})
	}
	return views
}

// spent adds up what was bound in a Window.
type spent struct {
	account map[accountAsset]coffer.Amount
	asset   map[coffer.AssetID]coffer.Amount
	fees    map[coffer.AssetID]coffer.Amount
	sweeps  map[coffer.AssetID]coffer.Amount // fees of sweeps, part of fees
	lent    map[coffer.AssetID]uint64        // delegations, by what is staked
}

type accountAsset struct {
	tenant, account string
	asset           coffer.AssetID
}

func newSpent() *spent {
	return &spent{
		map[accountAsset]coffer.Amount{}, map[coffer.AssetID]coffer.Amount{},
		map[coffer.AssetID]coffer.Amount{}, map[coffer.AssetID]coffer.Amount{}, map[coffer.AssetID]uint64{},
	}
}

// add counts one order.
func (s *spent) add(tenant, account string, asset coffer.AssetID, amount coffer.Amount) error {
	key := accountAsset{tenant, account, asset}
	inAccount, err := s.account[key].Add(amount)
	if err != nil {
		return err
	}
	inAsset, err := s.asset[asset].Add(amount)
	if err != nil {
		return err
	}
	s.account[key], s.asset[asset] = inAccount, inAsset
	return nil
}

func (s *spent) addSpend(x spend) error {
	for _, o := range x.orders {
		if err := s.add(o.Tenant, o.Account, o.Asset, o.Amount); err != nil {
			return err
		}
	}
	fees, err := s.fees[x.native].Add(x.fee)
	if err != nil {
		return err
	}
	s.fees[x.native] = fees
	if x.sweep {
		s.sweeps[x.native] = addOrLargest(s.sweeps[x.native], x.fee) // not above fees, which were added up
	}
	if x.lends {
		s.lent[x.native]++
	}
	return nil
}

// subtract takes out what addSpend put in; what reaches zero is forgotten.
func (s *spent) subtract(x spend) {
	for _, o := range x.orders {
		lessen(s.account, accountAsset{o.Tenant, o.Account, o.Asset}, o.Amount)
		lessen(s.asset, o.Asset, o.Amount)
	}
	lessen(s.fees, x.native, x.fee)
	if x.sweep {
		lessen(s.sweeps, x.native, x.fee)
	}
	if x.lends {
		if s.lent[x.native]--; s.lent[x.native] == 0 {
			delete(s.lent, x.native)
		}
	}
}

func lessen[K comparable](m map[K]coffer.Amount, key K, amount coffer.Amount) {
	rest, err := m[key].Sub(amount)
	if err != nil {
		panic("signer: more is taken out of a window than was put in")
	}
	if m[key] = rest; rest.IsZero() {
		delete(m, key)
	}
}

// forget drops what is older than the Window.
func (s *state) forget(now time.Time) {
	since := now.Add(-policy.Window)
	old := 0
	for ; old < len(s.spends) && !s.spends[old].at.After(since); old++ {
		s.total.subtract(*s.spends[old])
		s.spends[old].out = true
	}
	s.spends = slices.Delete(s.spends, 0, old)
	s.gas = slices.DeleteFunc(s.gas, func(x gasSpend) bool { return !x.at.After(since) })
}

// spentWithout is what was bound in the last Window for the accounts and assets of these
// orders, leaving out what their slot itself was counted for.
func (s *state) spentWithout(key slotKey, orders []coffer.Order, native coffer.AssetID, now time.Time) *spent {
	s.forget(now)

	part := newSpent()
	for _, o := range orders {
		account := accountAsset{o.Tenant, o.Account, o.Asset}
		part.account[account], part.asset[o.Asset] = s.total.account[account], s.total.asset[o.Asset]
	}
	part.fees[native], part.sweeps[native], part.lent[native] = s.total.fees[native], s.total.sweeps[native], s.total.lent[native]
	if slot, taken := s.slots[key]; taken && slot.spend.at.After(now.Add(-policy.Window)) {
		for _, o := range slot.spend.orders { // a cancellation has none of them
			account := accountAsset{o.Tenant, o.Account, o.Asset}
			part.account[account], part.asset[o.Asset] = s.total.account[account], s.total.asset[o.Asset]
		}
		part.subtract(*slot.spend)
	}
	if slot, taken := s.slots[key]; taken {
		for _, raised := range slot.raises {
			if raised.at.After(now.Add(-policy.Window)) {
				part.subtract(*raised)
			}
		}
	}
	return part
}

func addOrLargest(a, b coffer.Amount) coffer.Amount {
	sum, err := a.Add(b)
	if err != nil {
		return largest()
	}
	return sum
}

func largest() coffer.Amount {
	ones := [32]byte{}
	for i := range ones {
		ones[i] = 0xff
	}
	a, err := coffer.AmountFromBytes(ones[:])
	if err != nil {
		panic("signer: 32 bytes are an amount")
	}
	return a
}
