// Package payout puts transactions on chains: it is the transaction manager. A payout is
// a plan to put ONE transaction of one wallet on a chain in one slot, so that at most one
// of its attempts can ever land. It pays approved withdrawals.
//
//	Plan            Step (one step per transaction, one payout at a time)                 Observe
//	planned ──▶ built ──▶ signing ──▶ signed ──▶ broadcast ──────────────────▶ included ──▶ final
//	   │  build   │  simulate  ▲  sign   │  send    │  again, or another   ▲     │   ▲   └──▶ reverted
//	   ▼          ▼            │         │          │  attempt: the fee    │     │   │
//	     cancelled             └─────────┼──────────┘  has to rise         │     └───┘ the block
//	                                     ▼                                 │    left: broadcast
//	                                  expired ◀─ validity passed, finally ─┴ found in a block,
//	                                                                         whatever we thought
//
// Where a chain has several paths, planning takes the cheapest that has a free lane and gas
// money: user operations, in lanes beside each other, or Safe transactions, one after the
// other. What is signed for a Safe has no end of validity: when the intent's time has passed,
// an attempt that pays nothing is made in the same slot, and a final block says which of the
// two landed. The cancellation ends the payout as reverted; its withdrawals go on.
//
// Where money is coins (UTXO), a payout sets coins aside when it is planned, as many payouts
// beside each other as there are lanes. Its slot is the first of them, the anchor, which every
// attempt spends. Which coins there are a [CoinBook] knows. What is signed never expires there
// either, and ends the same way. [Manager.PlanConsolidation] makes few coins of many.
// While somebody spends already what a payout pays it must not be replaced: its change is spent
// by a child then, a payout of its own that pays for both (CPFP) and ends with it.
//
// On TRON nothing but its expiration ends a transaction: each pays one order, there is one in a
// slot, and it gets no higher fee. When the final block is past its expiration and no block up
// to there holds it, another one with a later timestamp takes its place. The fees come out of the
// wallet's own money. A payment that failed for want of energy is tried again.
//
// [Manager.Plan] takes approved withdrawals and a slot in one transaction. Each wallet has
// lanes, whose payouts are on their way at once. What live payouts may still spend (their
// payments and fee bounds) is reserved: what the wallet cannot pay beside them waits.
// [Manager.Step] claims one payout that is due, makes one call to the outside world
// without holding a transaction, and stores the result if nothing else happened to the
// payout meanwhile. [Manager.Observe] reads the chain's block events; only they say what
// happened. A crash between any two lines repeats a call that may be repeated.
//
// Invariants:
//   - A slot belongs to one payout. It is freed only while no signature was asked for.
//     When every attempt's validity ended before the final block and none landed, the slot
//     goes to another payout of the same orders, since signers bind a slot and its orders
//     to each other for ever. Where an order or approval has ended by then, the lane is
//     left: that withdrawal fails, and the others go into other slots. On TRON a slot is
//     its transaction's for ever; the same orders go into a later one.
//   - Once a signature was asked for (signing), a payout never goes back to a plan: its
//     withdrawals wait for the slot's end, at finality.
//   - Signed bytes and their id are stored before they are sent, so whatever lands is
//     recognised, by id. The slot taken by anything else raises an alarm.
//   - A coin is set aside for one payout, until that has ended at finality; what was spent is
//     never free again. An attempt never spends a coin that is not the intent's.
//   - A leg is paid if the canonical block holds its own Transfer from the wallet inside
//     the outcome's logs, or, where money is coins, an output of its own. A successful outcome that lacks one raises an alarm.
//   - One payment that cannot be made does not hold up the others. Before a signature it is
//     left out (where the wallet can name it) or its batch halved; after a final revert the
//     batch goes on in halves, in other slots. What fails alone is quarantined: its
//     withdrawal fails and the money returns.
//   - What every signer refuses gives its lane up at once and ends with its validity, at
//     finality: in halves, and alone in review.
//   - Books and withdrawals follow the canonical chain: they are written with a block and
//     undone with it, in the transaction that moves the cursor.
//
// Two texts on a payout ask for a person. An alarm says that the chain contradicts what was
// signed; nothing moves the payout but the chain taking back the block that raised it, or
// a person ([Desk.Clear]). Parked is a payout that cannot go on by itself, because its fee
// budget is spent or nobody signs; it is still sent, and the chain may still end it. A chain
// whose events contradict each other stands still ([Manager.Broken]).
//
// Fees. Another attempt is made every BumpAfter blocks; the wallet moves its fee along a line
// that reaches the intent's fee bound when the intent expires. Nothing is ever abandoned
// because it is dear.
//
// Sweeps. A payout of purpose sweep ([Manager.PlanSweep]) flushes deposit addresses into the
// wallet and pays nobody. It takes the same steps in a lane of its own. Its legs are judged
// at finality by what canonical blocks moved; deposit books the money.
//
// Tokens on a chain of coins (Chain.Tokens) go one in a transaction, from the wallet's own
// address, and their sweeps are transactions of one address each. The block's transfer of the
// token is what proves them; a transfer of zero, that nothing was paid.
//
// Signers' logs. [Manager.Admit] reads every signer's log before payouts run, and Follow
// keeps up with it: a copy of each is in the database. A log that was cut or replaced, or
// one that knows a payout which is not stored here, stops payouts: then the database is an
// old one, and what it thinks unpaid may be paid. [Manager.Import] makes what signers know
// again, as slots that are taken and attempts known by their id alone; blocks that are read
// again say what became of them; people let payouts go on. What was signed after the copy,
// of which the copy has what was to be signed, lands under the id that this has. Where its
// block leaves the chain again, it is signed again: the signatures are lost.
//
// Books. With the block: per leg Dr transit:withdrawal / Cr custody:hot:<wallet>; the fee of
// a user operation Dr transit:bundler / Cr gas:entrypoint:<wallet>, straight to
// expense:network_fee when the bundle is not one of our executors'; for an executor's
// transaction Dr gas:executor / Cr transit:bundler by what the operations in it paid, and
// Dr expense:network_fee / Cr gas:executor by what it cost, which is all there is of a Safe
// transaction's fee; of coins, each leg and the fee out of transit:coins, where deposit puts
// what was spent; for money that becomes the wallet's deposit in the EntryPoint
// Dr gas:entrypoint / Cr suspense:unknown, or custody:hot where the wallet pays by itself.
// At finality the withdrawal's
// hold is posted.
package payout
