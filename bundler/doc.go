// Package bundler is an ERC-4337 bundler for EntryPoint v0.7: an embedded library and a
// JSON-RPC 2.0 server (Handler). It takes user operations, keeps them in Postgres, puts
// them on the chain in bundles from one executor key, and says what became of them.
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
// A bundle is one nonce of the executor, and holds that nonce until some transaction with
// it is final. Its states:
//
//	live ←→ mined → final          live → lost
//
// An attempt is one signed transaction for a bundle's nonce. The rules that keep an
// operation from being sent twice and a bundle from being paid for twice:
//
//   - Bytes and operations of an attempt are committed before the bytes are sent, together
//     with the nonce, under a lock on the executor's row. A restart sends the stored bytes.
//   - A higher fee is another attempt with the same nonce. There is no new nonce while a
//     bundle is live, so at most one transaction of the executor is in flight; after a
//     reorganisation there may be several again, each with its old nonce.
//   - A live bundle is lost only when the finalized block says that its nonce was used and
//     no attempt has a receipt. Only then may its operations go to another nonce.
//   - "Already known" is success; "nonce too low" is not: the receipts of all attempts are
//     looked for. Any other answer leaves the attempt where it is, for it may have arrived.
//   - Whether an operation succeeded is read from its UserOperationEvent, never from the
//     receipt's status. A receipt counts while its block is canonical.
//
// By default only the senders that the configuration lists are served, because the
// validation rules of ERC-7562 that protect a public mempool are not enforced here.
package bundler
