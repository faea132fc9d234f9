package signer

import (
	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// checkSweeps wants a payout that flushes our own deposit addresses and nothing else. Where
// the money goes is the explainer's to know: it reads only flushes by the factory whose
// address commits to the wallet as its vault.
func checkSweeps(r coffer.SigningRequest, e coffer.Effects) error {
	switch {
	case len(r.Intent.Sweeps) == 0:
		return coffer.Invalid("intent.sweeps", "a sweep of nothing")
	case len(r.Intent.Orders)+len(r.Orders)+len(r.Approvals) > 0:
		return coffer.Invalid("orders", "a sweep has no orders")
	case len(r.Intent.Payments)+len(e.Payments) > 0:
		return coffer.Invalid("intent.payments", "a sweep pays nobody")
	}
	return nil
}

// checkConsolidation wants a transaction that pays coins of a wallet to the wallet: all those
// of the intent, proven by the transactions they are outputs of, to the one place that the
// intent names. It may be the change of a payout that waits (CPFP): who asks has to know that
// it is void when that payout is replaced.
func checkConsolidation(r coffer.SigningRequest, e coffer.Effects) error {
	i := r.Intent
	switch {
	case i.Path != coffer.PathPSBT:
		return coffer.Invalid("intent.purpose", "only a wallet of coins consolidates")
	case len(i.Orders)+len(i.Payments)+len(i.Sweeps)+len(r.Orders)+len(r.Approvals) > 0:
		return coffer.Invalid("intent.purpose", "a consolidation has no orders, payments, sweeps and approvals")
	case len(e.Payments)+len(e.Sweeps) > 0:
		return coffer.Invalid("unsigned", "the transaction pays somebody")
	case len(e.Coins) != len(i.Coins):
		return coffer.Invalid("unsigned.coins", "the transaction spends %d of %d coins", len(e.Coins), len(i.Coins))
	case e.Change != i.Change:
		return coffer.Invalid("unsigned.change", "the coins go to %.40q, the intent says %.40q", e.Change, i.Change)
	}
	return nil
}

// checkSweepPolicy asks the pinned policy about a sweep, a consolidation or a delegation that takes
// a fresh slot. A payout of orders is none of its business.
func (s *Server) checkSweepPolicy(r coffer.SigningRequest, chain servedChain, spent *spent) error {
	switch r.Intent.Purpose {
	case coffer.PurposeSweep:
	case coffer.PurposeDelegate:
		return s.checkDelegationPolicy(r, chain, spent)
	case coffer.PurposeConsolidate:
		decision := s.policy.EvaluateConsolidation(chain.native, r.Intent.FeeBound, spent.sweeps[chain.native], policy.EnforcerSigner)
		if decision.Verdict != policy.VerdictAllow {
			return coffer.Errorf(coffer.CodePolicy, "%s", decision.Reason())
		}
		return nil
	default:
		return nil
	}
	var assets []coffer.AssetID
	seen := map[coffer.AssetID]bool{}
	for _, sweep := range r.Intent.Sweeps {
		if !seen[sweep.Asset] {
			seen[sweep.Asset] = true
			assets = append(assets, sweep.Asset)
		}
	}
	decision := s.policy.EvaluateSweep(chain.native, assets, r.Intent.FeeBound, spent.sweeps[chain.native], policy.EnforcerSigner)
	if decision.Verdict != policy.VerdictAllow {
		return coffer.Errorf(coffer.CodePolicy, "%s", decision.Reason())
	}
	return nil
}

// sweepsHash is what a slot remembers of the sweeps it was given to; zero for none.
func sweepsHash(i coffer.Intent) coffer.Hash {
	if len(i.Sweeps) == 0 {
		return coffer.Hash{}
	}
	return coffer.SweepsHash(i.Sweeps)
}
