package signer

import (
	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// maxDelegations bounds what is read; no chain does more than one in a transaction.
const maxDelegations = 16

// checkDelegation wants a transaction that lends to one deposit address of the wallet, takes back
// from it, or makes its account, and does nothing else. That the address is one, the explainer
// computed from the pinned key.
func checkDelegation(r coffer.SigningRequest, e coffer.Effects) error {
	i := r.Intent
	switch {
	case len(i.Delegations) != 1:
		return coffer.Invalid("intent.delegations", "%d delegations, want one", len(i.Delegations))
	case len(i.Orders)+len(i.Payments)+len(i.Sweeps)+len(r.Orders)+len(r.Approvals) > 0:
		return coffer.Invalid("intent.purpose", "a delegation has no orders, payments, sweeps and approvals")
	case len(e.Payments)+len(e.Sweeps) > 0:
		return coffer.Invalid("unsigned", "the transaction does more than delegate")
	case i.Delegations[0].Path == "":
		return coffer.Invalid("intent.delegations", "%.80s is not said to be a deposit address", i.Delegations[0].To)
	}
	return nil
}

// checkDelegationPolicy asks the pinned policy about a delegation that takes a fresh slot.
func (s *Server) checkDelegationPolicy(r coffer.SigningRequest, chain servedChain, spent *spent) error {
	for _, d := range r.Intent.Delegations {
		decision := s.policy.EvaluateDelegation(chain.native, d, spent.lent[chain.native], policy.EnforcerSigner)
		if decision.Verdict != policy.VerdictAllow {
			return coffer.Errorf(coffer.CodePolicy, "%s", decision.Reason())
		}
	}
	return nil
}

// lends reports whether a payout counts as a delegation: what is taken back does not.
func lends(i coffer.Intent) bool { return len(i.Delegations) > 0 && !i.Delegations[0].Back }
