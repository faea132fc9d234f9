// Package deposit turns block events into money that customers have, and owns the
// addresses it arrives at.
//
// [Service.Step] applies block events of tx.raw, each in one transaction of its own:
// observations, deposits, ledger entries, events on tx.events and the cursor become true
// together or not at all. The cursor moves from one sequence to the next only, so an event
// delivered again does nothing and a missing one is noticed.
//
//	            included                 deep enough               deeper, and final
//	(transfer) ─────────▶ observed ──▶ confirming ──▶ credited ──────────────▶ unlocked
//	                       │    │          │            │                         │
//	 from our own address  │    │ forked   │ forked     │ forked                  │ forked
//	 or too small, or      │    ▼          ▼            ▼                         ▼
//	 not supported         │   orphaned ◀──┘           reversed ◀─────────────────┘
//	        ┌──────────────┤      │                       │
//	        ▼              ▼      └──── included again ───┴──▶ observed
//	      review   dust, unsupported ── forked ──▶ orphaned
//	        │ └── a person ──▶ rejected
//	        └──── a person ──▶ credited
//
// # Identity
//
// A deposit is a place inside a transaction, (chain, tx, ref), that paid one of our
// addresses. What blocks said about it is kept by block hash, append-only. When a
// reorganisation includes the transaction again the deposit comes back with what it is now,
// and is credited anew under entries of its own; when it then pays another account, that
// is another account's deposit.
//
// # Invariants
//
//   - At most one live deposit for a (chain, tx, ref).
//   - Booked is what is canonical: every entry that a block caused is reversed when the
//     block is disconnected. A deposit that was credited stays so while its block is
//     canonical, also when the tip moves back.
//   - Nothing is unlocked above the chain's final height, where it has one.
//   - States move as coffer.DepositMoves says; a trigger checks the same.
//
// # Books
//
// Credited: Dr custody:deposit_addr:<address> / Cr user:<account>:pending. Unlocked: pending
// to available. Aside, at once: dust and unsupported to their suspense accounts, review to
// user:<account>:review. A flush, from a deposit address to a custody address of ours, and
// foreign money sent to one, are booked when their block is connected; what leaves custody
// addresses is booked by the payout that sent it.
package deposit
