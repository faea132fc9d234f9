// Package ledger is the books: double entry on Postgres, in base units of each asset.
//
// An [Entry] is a balanced set of [Posting]s, written once and never changed; what turns
// out wrong is corrected by an entry that reverses it. Whoever opened the transaction
// passes it in, so that the entry, the state it belongs to and the event about it become
// true together. The id of an entry is the caller's idempotency key: the same id with the
// same content is a no-op, with other content it is [ErrEntryConflict].
//
// Accounts of users (user:<account>:available, :pending, :held, :review) have a balance
// row, locked while it changes and never below zero. House accounts are derived from
// their postings, so that a deposit touches no row that every other deposit touches too.
// chart.go has all accounts.
//
// A hold sets a user's money aside for a withdrawal:
//
//	Hold ──▶ active ──PostHold──▶ posted    held leaves the user
//	           │ ├────VoidHold──▶ voided    held goes back to available
//	           └──ExpireHolds───▶ expired   the same, by time
//
// A reversal is the exact mirror of its entry. Where the user no longer has the money, a
// second entry of kind "cover" takes what is short from the user's other money (pending,
// then available) and the rest from receivable:reorg:<account>, which freezes the
// account's withdrawals.
//
// Invariants, each checked here and again in SQL:
//   - the postings of an entry sum to zero in each asset, at commit;
//   - entries and postings are never updated or deleted;
//   - a balance row equals the postings of its accounts and is never below zero;
//   - an entry is reversed at most once.
//
// [Ledger.Seal] chains hashes over committed entries, in commit order, outside the
// transactions that write them. [Ledger.Verify] recomputes everything.
package ledger
