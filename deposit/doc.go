// Package deposit turns block events into money that customers have, and owns the
// addresses it arrives at.
//
// [Service.Step] applies block events of tx.raw, each in one transaction of its own:
// observations, deposits, ledger entries, events on tx.events and the cursor become true
// together or not at all. The cursor moves from one sequence to the next only, so an event
// delivered again does nothing and a missing one is noticed.
//
//	            included                 deep enough               deeper, final, proven
//	(transfer) ─────────▶ observed ──▶ confirming ──▶ credited ──────────────▶ unlocked
//	                       │    │          │            │    │                    │
//	 by a rule, or too     │    │ forked   │ forked     │    │ forked             │ forked
//	 small, not supported, │    ▼          ▼            │    ▼                    ▼
//	 without its memo      │   orphaned ◀──┘            │   reversed ◀────────────┘
//	        ┌──────────────┤      └──── included again ─┼────┴──▶ observed
//	        ▼              ▼                            │
//	      review   dust, unsupported, missing_memo      │ its sender does not pass
//	        ▲ │                        │  └─────────────┼──────────┐
//	        └─┼────────────────────────┼────────────────┘          │
//	          ├──── released ──────────┴──▶ credited               │
//	          └──── rejected ──▶ rejected ── refund is paid ──▶ refunded
//
// # Beside the block events
//
// What needs an answer from elsewhere is asked for outside of transactions, by steps of
// their own which [Service.Run] repeats. [Service.Check] asks a second node for the block
// of a deposit, and for what the block's hash does not prove, and a screener about its
// sender, before anything is unlocked; neither answering holds the deposit where it is,
// counted and locked. What no hash proves [Service.AskEarly] asks about as soon as it is
// known, while the second node still has the traces; [Service.Unheard] lists what waits for
// its word. What cannot be screened for a day, or was sent by too many, is for a person.
// [Service.StepRefunds] takes refunds to a payer. [Service.Backfill] fills in the past of
// addresses that became known late.
//
// People decide with [Service.Release], [Service.Reject] and [Service.Refund] on what
// [Service.Reviews] lists. Who did what and why, rules included, is kept in rows that are
// only ever added, each beside the event that told of it.
//
// # Identity
//
// A deposit is a place inside a transaction, (chain, tx, ref), that paid one of our
// addresses. What blocks said about it is kept by block hash, append-only. When a
// reorganisation includes the transaction again the deposit comes back with what it is now,
// and is credited anew under entries of its own; when it then pays another account, that
// is another account's deposit.
//
// # Coins
//
// On a chain whose money is coins (UTXO) every output to an address of ours is kept as a coin,
// and what a block spends is taken from them by the same transaction. A transaction that
// spends coins of ours is ours: what comes back to a house address is change and never a
// deposit, and what pays an account is looked at by a person, as from any sender of ours.
// [Service.Coins] is what payouts choose from. Deposit addresses are counted up below the
// wallet's descriptor ([Indexed]).
//
// # Invariants
//
//   - At most one live deposit for a (chain, tx, ref).
//   - Booked is what is canonical: every entry that a block caused is reversed when the
//     block is disconnected. A deposit that was credited stays so while its block is
//     canonical, also when the tip moves back.
//   - Nothing is unlocked above the chain's final height, where it has one, nor while a
//     second node or a screener that is configured has not agreed.
//   - A deposit is refunded only when its refund is paid, by the books and not only by the
//     payer's word.
//   - Blocks below a final height leave only when a person let them.
//   - States move as coffer.DepositMoves says; a trigger checks the same.
//
// # Books
//
// Credited: Dr custody:deposit_addr:<address> / Cr user:<account>:pending. Unlocked: pending
// to available. Aside, at once: dust, unsupported and missing memos to their suspense
// accounts, review to user:<account>:review, from there to pending when it is released or
// to suspense:unknown when it is rejected. A refund on its way is user:<refund>:available;
// the payer spends it from there.
//
// A flush, from a deposit address to a custody address of ours, and foreign money sent to
// one, are booked when their block is connected, and so is what executors send, besides
// fees. What leaves other custody addresses is booked by the payout that sent it, both
// sides. On chains whose money is coins, a coin that is spent is Dr transit:coins / Cr the
// custody account of its address, and change Dr its custody account / Cr transit:coins; the
// payout books what it paid and its fee out of transit:coins, which is zero in the end. What
// stays there was spent by nobody we know.
package deposit
