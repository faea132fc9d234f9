package signer

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/utxo"
)

func sortedChains(chains map[coffer.ChainID]servedChain) []coffer.ChainID {
	return slices.Sorted(maps.Keys(chains))
}

// checkBounds refuses what is too large to be looked at.
func checkBounds(r coffer.SigningRequest) error {
	switch {
	case len(r.Orders) > maxOrders || len(r.Intent.Orders) > maxOrders || len(r.Intent.Payments) > maxOrders:
		return coffer.Errorf(coffer.CodeLimit, "a payout has at most %d orders", maxOrders)
	case len(r.Intent.Sweeps) > maxSweeps:
		return coffer.Errorf(coffer.CodeLimit, "a payout has at most %d sweeps", maxSweeps)
	case len(r.Intent.Delegations) > maxDelegations:
		return coffer.Errorf(coffer.CodeLimit, "a payout has at most %d delegations", maxDelegations)
	case len(r.Intent.Coins) > maxDigests:
		return coffer.Errorf(coffer.CodeLimit, "a payout has at most %d coins", maxDigests)
	case len(r.Unsigned.Bytes) > maxUnsigned(r.Unsigned.Path):
		return coffer.Errorf(coffer.CodeLimit, "a transaction of path %.40q has at most %d bytes", r.Unsigned.Path, maxUnsigned(r.Unsigned.Path))
	case len(r.Approvals) > maxApprovals:
		return coffer.Errorf(coffer.CodeLimit, "a request has at most %d approvals", maxApprovals)
	}
	texts := []string{r.Intent.ID, string(r.Intent.Wallet), r.Intent.Slot.Kind, r.Intent.Slot.Lane, r.Intent.Change}
	for _, c := range r.Intent.Coins {
		texts = append(texts, string(c.ID), string(c.Address), c.Path)
	}
	for _, d := range r.Intent.Delegations {
		texts = append(texts, string(d.To), d.Path, d.Resource)
	}
	for _, o := range r.Orders {
		texts = append(texts, o.ID, o.Tenant, o.Account, string(o.Asset), string(o.Destination), o.Memo)
	}
	for _, text := range texts {
		if len(text) > maxTextBytes {
			return coffer.Errorf(coffer.CodeLimit, "an identifier has at most %d bytes", maxTextBytes)
		}
		if strings.ContainsFunc(text, notPrintable) {
			return coffer.Errorf(coffer.CodeInvalid, "the identifier %.80q has something else than printable ASCII", text)
		}
	}
	return nil
}

// maxUnsigned bounds the bytes of a transaction. A PSBT carries the transactions that made
// the coins it spends.
func maxUnsigned(path string) int {
	if path == coffer.PathPSBT {
		return utxo.MaxPSBT
	}
	return maxUnsignedBytes
}

// notPrintable tells what no identifier has: the log would not give it back byte for byte,
// or people would be shown another text than they approve.
func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// purposes are those of what a signer signs.
var purposes = []string{coffer.PurposeOrders, coffer.PurposeSweep, coffer.PurposeConsolidate, coffer.PurposeDelegate, coffer.PurposeCancel}

// checkEffects wants the transaction to do what the intent says and nothing else.
func checkEffects(r coffer.SigningRequest, e coffer.Effects, chain servedChain) error {
	i, u := r.Intent, r.Unsigned
	switch {
	case !slices.Contains(purposes, i.Purpose):
		return coffer.Invalid("intent.purpose", "this signer signs %s only, not %.40q", strings.Join(purposes, ", "), i.Purpose)
	case i.ID == "":
		return coffer.Invalid("intent.id", "is empty")
	case !chain.wallets[i.Wallet]:
		return coffer.Invalid("intent.wallet", "%.80q is not a wallet this signer owns", i.Wallet)
	case u.Chain != i.Chain || e.Chain != i.Chain:
		return coffer.Invalid("unsigned.chain", "the transaction is for %.80q, the intent for %q", e.Chain, i.Chain)
	case u.Wallet != i.Wallet || e.Wallet != i.Wallet:
		return coffer.Invalid("unsigned.wallet", "the transaction is of %.80q, the intent of %q", e.Wallet, i.Wallet)
	case u.Path != i.Path || e.Path != i.Path:
		return coffer.Invalid("unsigned.path", "the transaction takes path %.40q, the intent %.40q", e.Path, i.Path)
	case e.Slot != i.Slot:
		return coffer.Invalid("unsigned.slot", "the transaction takes slot %s, the intent %s", e.Slot, i.Slot)
	case !slices.Equal(e.Payments, i.Payments):
		return coffer.Invalid("unsigned.payments", "the transaction's payments are not the intent's")
	case !slices.Equal(e.Sweeps, i.Sweeps):
		return coffer.Invalid("unsigned.sweeps", "the transaction's sweeps are not the intent's")
	case !slices.Equal(e.Delegations, i.Delegations):
		return coffer.Invalid("unsigned.delegations", "the transaction's delegations are not the intent's")
	case i.Purpose != coffer.PurposeDelegate && len(i.Delegations) > 0:
		return coffer.Invalid("intent.delegations", "are of purpose %s only", coffer.PurposeDelegate)
	case e.FeeBound.Cmp(i.FeeBound) > 0:
		return coffer.Invalid("unsigned.fee", "the transaction may cost %s, the intent allows %s", e.FeeBound, i.FeeBound)
	case len(e.Digests) == 0 || len(e.Digests) > maxDigests:
		return coffer.Invalid("unsigned", "the transaction has %d digests to sign", len(e.Digests))
	}
	return checkCoins(r, e)
}

// checkOrders wants exactly one order for each payment, in order.
func checkOrders(r coffer.SigningRequest) error {
	if len(r.Intent.Sweeps) > 0 {
		return coffer.Invalid("intent.sweeps", "a payout of orders sweeps nothing")
	}
	n := len(r.Intent.Payments)
	if n == 0 || len(r.Intent.Orders) != n || len(r.Orders) != n {
		return coffer.Invalid("orders", "want one order for each payment: %d payments, %d order hashes, %d orders",
			n, len(r.Intent.Orders), len(r.Orders))
	}
	seen := map[string]bool{}
	for k, o := range r.Orders {
		switch {
		case o.Hash() != r.Intent.Orders[k]:
			return coffer.Invalid("orders", "order %d is not the one the intent names", k)
		case o.Payment() != r.Intent.Payments[k]:
			return coffer.Invalid("orders", "payment %d is not what order %s asks for", k, o.ID)
		case o.Asset.Chain() != r.Intent.Chain:
			return coffer.Invalid("orders", "order %s is for chain %s", o.ID, o.Asset.Chain())
		case seen[o.ID]:
			return coffer.Invalid("orders", "order %s is paid twice", o.ID)
		}
		seen[o.ID] = true
	}
	return nil
}

// checkCancel wants a transaction that uses its slot up and does nothing else.
func checkCancel(r coffer.SigningRequest, e coffer.Effects) error {
	i := r.Intent
	if len(i.Orders)+len(i.Payments)+len(i.Sweeps)+len(r.Orders)+len(r.Approvals) > 0 {
		return coffer.Invalid("intent.purpose", "a cancellation has no orders, payments, sweeps and approvals")
	}
	if len(e.Payments)+len(e.Sweeps) > 0 {
		return coffer.Invalid("unsigned", "the transaction does more than use its slot up")
	}
	return nil
}

// checkTimes wants a signature that dies soon, and before the intent and its orders do. One
// in a Safe's nonce or over a coin never dies, so there the intent's own end has to be near:
// what is signed can land later all the same, until something else takes the slot, and its
// orders stay bound to the slot until this signer sees that.
func (s *Server) checkTimes(r coffer.SigningRequest, e coffer.Effects, now time.Time) error {
	until := e.ValidUntil
	if e.Slot.Endless() {
		if !until.IsZero() {
			return coffer.Invalid("unsigned", "what is signed in slot %s has no end of validity, this has %s", e.Slot, rfc3339(until))
		}
		until = r.Intent.Expires
	}
	switch {
	case !now.Before(r.Intent.Expires):
		return coffer.Errorf(coffer.CodePolicy, "the intent expired at %s", rfc3339(r.Intent.Expires))
	case until.Unix() <= 0:
		return coffer.Errorf(coffer.CodePolicy, "the transaction has no end of validity")
	case !now.Before(until):
		return coffer.Errorf(coffer.CodePolicy, "the transaction expired at %s", rfc3339(until))
	case until.Unix() > r.Intent.Expires.Unix():
		return coffer.Errorf(coffer.CodePolicy, "the transaction is valid until %s, the intent until %s", rfc3339(until), rfc3339(r.Intent.Expires))
	case until.Sub(now) > s.maxValidity:
		return coffer.Errorf(coffer.CodePolicy, "the transaction is valid until %s, more than %s from now", rfc3339(until), s.maxValidity)
	}
	if err := checkSlotTime(e.Slot, s.maxValidity, now); err != nil {
		return err
	}
	for _, o := range r.Orders {
		if until.Unix() > o.Expires.Unix() {
			return coffer.Errorf(coffer.CodePolicy, "the transaction is valid until %s, order %s until %s", rfc3339(until), o.ID, rfc3339(o.Expires))
		}
	}
	return nil
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// checkPolicy asks the pinned policy about every order, with the people who approved it
// and what this signer remembers. In a slot that is not fresh the orders and the fee were
// counted before, and are judged as if they were not yet.
func (s *Server) checkPolicy(r coffer.SigningRequest, chain servedChain, fresh bool, now time.Time) error {
	if r.Intent.Purpose == coffer.PurposeCancel && !fresh && !dearer(r.Intent) {
		return nil // the slot's orders and fee were counted, and this adds none
	}
	approvals := map[coffer.Hash][]coffer.Approval{}
	for _, a := range r.Approvals {
		approvals[a.Order] = append(approvals[a.Order], a)
	}

	spent := s.state.spentWithout(slotOf(r.Intent), r.Orders, chain.native, now)
	for _, o := range r.Orders {
		assetSpent := spent.asset[o.Asset]
		people, refused := s.policy.Approvers(o, approvals[o.Hash()], now)
		decision := s.policy.Evaluate(policy.Facts{
			Order: o, Now: now, Approvers: people, Enforcer: policy.EnforcerSigner,
			Spent24h: spent.account[accountAsset{o.Tenant, o.Account, o.Asset}], AssetSpent24h: &assetSpent,
		})
		if decision.Verdict != policy.VerdictAllow {
			return refusal(o, decision, refused)
		}
		if err := spent.add(o.Tenant, o.Account, o.Asset, o.Amount); err != nil {
			return coffer.Errorf(coffer.CodePolicy, "order %s: what was spent cannot be added up", o.ID)
		}
	}

	if !fresh && !dearer(r.Intent) {
		return nil // the fee bound was counted when the slot was taken, and cannot grow
	}
	fee := s.policy.EvaluateFee(chain.native, r.Intent.FeeBound, spent.fees[chain.native], policy.EnforcerSigner)
	if fee.Verdict != policy.VerdictAllow {
		return coffer.Errorf(coffer.CodePolicy, "%s", fee.Reason())
	}
	return s.checkSweepPolicy(r, chain, spent)
}

func refusal(o coffer.Order, d policy.Decision, refused []error) error {
	text := d.Reason()
	if d.Verdict == policy.VerdictApprovals && len(refused) > 0 {
		text += "; " + refused[0].Error()
	}
	return coffer.Errorf(coffer.CodePolicy, "order %s: %s", o.ID, text)
}
