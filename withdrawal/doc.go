// Package withdrawal is what customers ask for: a request, its order, and its life until
// it is settled or refused.
//
// An order is the canonical statement of one payment. It is written once, when the
// request is accepted, and stored with its hash; approvals, signers and payouts name it
// by that hash. The money is held in the ledger in the same transaction.
//
//	         review (a person releases it back to screened, or rejects it)
//	           ▲ ▲─────────────────┬───────────────────┐
//	requested ──▶ screened ──▶ awaiting_approval ──▶ approved ──▶ paying ──▶ confirming ──▶ settled
//	    │            │  └──────── no approval needed ────▲   ▲      │  ▲          │  │
//	    │            │               │                   │   └──────┘  └──────────┘  │
//	    ▼            ▼               ▼                   ▼  given up, reorganisation  ▼
//	       rejected (screening, policy, expiry)              paying, confirming ──▶ failed
//	       cancelled (by the customer, until a signature was asked for)
//
// A destination that is an address of another account here is paid by the books, in one
// transaction and for nothing: approved ──▶ settled, and the other side gets a
// coffer.BookTransfer with its own event. Request, order, approvals and policy are the
// same as for any other. House addresses are never paid this way.
//
// Who moves it: [Service.Step] screens, asks policy and ends what expired;
// [Service.Approve], [Service.Cancel], [Service.Release] and [Service.Reject] are people;
// everything from approved on is the payout's, which calls [Service.Approved],
// [Service.Paying], [Service.Commit], [Service.Confirming], [Service.Reopened],
// [Service.Returned], [Service.Settled] and [Service.Failed] inside its own transaction.
//
// Who looks at them: [SanctionsList] and other Screeners at destinations, Customers
// ([CustomerTable], [CustomerCallback]) at who pays and who receives. [Service.Quote]
// promises a fee, [Service.AddAddress] keeps the address book that policy asks about.
//
// Invariants:
//   - A withdrawal that is not settled, rejected, cancelled or failed has exactly its
//     amount plus fee held, by a hold that is named after it.
//   - Nothing is planned or committed to on findings that do not hold any more. Screeners
//     are asked outside transactions; what they said is stored with the time until which
//     it holds. Without an answer nothing is paid.
//   - An order that ended unpaid, and one that the books paid, is revoked: written down in
//     the transaction that ended it, and told to the signers until they have stored it.
//   - The order never changes, but for one that nobody was asked to sign and that signers had
//     signed otherwise before the database was restored; the state moves only along
//     coffer.WithdrawalMoves. Both are checked here and in SQL.
//   - Every change raises the sequence by one and writes one event, in the transaction
//     that made it true.
//   - An idempotency key is bound to the hash of its request for ever: the same request
//     returns the same withdrawal, another one is refused, a refused one leaves no trace. The
//     key of an order that was replaced so is the signed payment's.
//   - What policy let pass in a day is summed under a lock for the asset, so two
//     withdrawals cannot both use the last of a limit.
package withdrawal
