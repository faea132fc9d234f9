// Package tron reads blocks of TRON, and writes and reads its transactions.
//
// The reading half is Source. A block's hash proves its transactions and how each of them
// ended. What they did else (logs, fees, what contracts paid) no header commits to: that, and
// that the block is part of the chain and solidified, is the word of Config.Agree nodes that
// say the same. The nodes are behind one Client, which judges them and goes to another one when
// one fails or does not tell the truth. What their errors mean is Classify's alone.
//
// The sending half is of one Account: a TRON account, and the permission of it under which so
// many keys sign together.
//
//	Wallet.Build → Explainer (signers link this half alone) → Finalize → Wallet.Broadcast
//
// A transaction does one thing; there are no batches. Its bytes are ours: a node never builds
// what is signed. They are believed when writing them again, from what was understood, gives the
// same bytes, so that an unknown field, a second contract, another order or a longer number has
// no place to hide. Its id is the SHA-256 of these bytes, which every key signs.
//
// Nothing on TRON makes one transaction exclude another but the expiration of the first. So a
// slot is one transaction: the timestamp, which nodes do not check, is the slot, and a signer
// signs one id in it. Another attempt is another slot, once the first is proven dead.
//
// The fee limit is what all energy of a call may cost, staked energy too. Wallet sets it from a
// call that nobody signs, and a margin. What else can be burned, for bandwidth, several
// signatures and a new account, has a bound in Account.Prices.
//
// Wallets pay TRX and TRC-20 tokens, and delegate energy or bandwidth to addresses they list and to
// their deposit addresses, which pay to their wallet alone (sweep.go).
// Everything else (stake, permissions) is built here too, and no Explainer reads it as an effect.
package tron
