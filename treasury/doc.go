// Package treasury looks after the house's own money: it takes over what a wallet held
// before the books began ([Treasury.Adopt]), holds the books against the chain
// ([Treasury.Compare]), and has deposit addresses emptied into the vault ([Sweeper]).
//
// The first two work at one block, by its hash: the books count what blocks up to its height
// caused, the chain is asked for its state after it. A deposit that has not been credited
// yet is on the chain and not in the books; a comparison that must agree is made at a
// block deep enough for every credit.
//
// The Sweeper looks at the final books, decides, and leaves the rest to package payout:
//
//	final books ─→ due: enough, or old ─→ one group ─→ worth its cost? ─→ payout.PlanSweep
//	                      ↑                               operators may say: now
//	     not: on its way, put off, in quarantine
//
// On TRON, where a deposit address is an account of its own, a look takes each of some addresses
// one step on: the wallet makes its account, lends it energy, has it emptied and takes the energy
// back (lend.go). What waits at such addresses is held to a cap.
//
// Nothing is remembered between two looks but what payout knows of sweeps on their way: an
// address and asset is in one live sweep at most, whoever plans.
package treasury
