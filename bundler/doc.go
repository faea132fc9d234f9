// Package bundler is an ERC-4337 bundler for EntryPoint v0.7: an embedded library and a
// JSON-RPC 2.0 server (Handler). It takes user operations, keeps them in Postgres, puts
// them on the chain in bundles from some executor keys, and says what became of them.
//
// What is sent goes through a pipeline (pipeline.go): cheap checks first, owners' signatures
// in batches over all cores, the node last.
//
// An operation is acknowledged only after it is stored. Its states:
//
//	                 ┌────────────── its bundle reverted, or lost its nonce
//	                 ↓              │
//	(send) ──→ pooled ──────→ bundled ──────→ included ──────→ final
//	             │ ↑            │  ↑             │
//	             │ └──(resend)  │  └─────────────┤ its block left the chain
//	             ↓         │    ↓                ↓
//	         replaced, dropped ──→ included   pooled, replaced
//
//	pooled    waits for a bundle
//	bundled   is in a stored attempt of a live bundle
//	included  its UserOperationEvent is in a canonical block, whoever sent the transaction
//	final     that block is below the finalized one; an end
//	replaced  another operation with its nonce and fees at least 10 % higher came
//	dropped   it fails validation; reason says why
//
// A replaced or dropped operation may still be included, because an attempt with it may
// have been sent before; and may be sent again, when it is validated as if it were new.
//
// A bundle is one nonce of an executor, and holds that nonce until some transaction with
// it is final. Its states:
//
//	live ←→ mined → final          live → lost
//
// An attempt is one signed transaction for a bundle's nonce. Several bundles are live at
// once, on several executors and on a few nonces of each; the operations of a lane (sender
// and EntryPoint key) are in one live bundle only. The rules that keep an operation from
// being sent twice and a bundle from being paid for twice:
//
//   - Bytes and operations of an attempt are committed before the bytes are sent, together
//     with the nonce, under a lock on the executors' rows. A restart sends the stored bytes.
//   - Nonces come from the database. The chain's count of an executor's transactions says
//     which of them are used; it never says what became of them.
//   - A higher fee is another attempt with the same nonce.
//   - A live bundle is lost only when the finalized block says that its nonce was used and
//     no attempt has a receipt. Only then may its operations go to another nonce, or when
//     an attempt is in a block that does not hold them.
//   - "Already known" is success; "nonce too low" is not: the receipts of all attempts are
//     looked for. Any other answer leaves the attempt where it is, for it may have arrived.
//   - Whether an operation succeeded is read from its UserOperationEvent, never from the
//     receipt's status. A receipt counts while its block is canonical.
//
// So that later nonces do not wait for ever:
//
//   - Every live attempt is sent again with each new block, for pools lose transactions.
//   - A bundle that no block takes, or that was not included for EscalateBlocks, gets
//     another attempt. Fees rise by an eighth at least and in a line up to the budget, the
//     least that one of its operations pays, which is reached after DeadlineBlocks.
//   - Where the budget is spent the bundle is parked: it has an alarm, and lands when fees
//     fall or an operation with higher fees takes the place of one of its own. When others
//     of its executor wait behind it, a payment of nothing takes its nonce instead.
//   - A payment of nothing also fills a nonce that was given out and has no bundle, and
//     one whose operations are gone.
//
// Calls of a Safe (SendExec: execTransaction, for who pays by themselves rather than
// through the EntryPoint) travel in bundles of their own, under the same rules and with
// the same states. A lane is the Safe there, its sequence the Safe's nonce; the budget is
// what the caller bounds.
//
// Gas money (Refill) is moved by executors too, in bundles of kind refill: into the
// EntryPoint deposits of wallets and to executors that hold too little.
//
// By default only the senders that the configuration lists are served, because the
// validation rules of ERC-7562 that protect a public mempool are not enforced here.
package bundler
