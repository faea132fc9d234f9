// Package utxo reads and writes chains of the Bitcoin family: blocks that prove themselves,
// addresses of descriptors, PSBTs (BIP-174), and OMNI on top.
//
// The reading half is Source. Blocks are read as bytes and nothing that a node decoded is
// believed: the header must hash to the block's hash and carry the work that it names, of the
// same target as its parent but for every 2016th block; the transactions must have the
// header's merkle root and no other list of them may have it (CVE-2012-2459); witnesses must be
// those that the coinbase commits to (BIP-141); the height is the coinbase's (BIP-34). A block
// is final when headers with their work stand on it, whatever number of blocks a node says. What
// is left as the node's word is which block is at a height. A miner could sell a block that breaks
// other rules for the price of a true one; confirmations are the answer to that. The blocks of
// signet and testnet4 are cheap to make, and signet's signatures (BIP-325) are not checked.
//
// Every output with an address is a Transfer, every input of a transaction that is no coinbase
// a Spend. What a miner earned has Maturity 100.
//
// Of the Omni Layer, Source.WithOmni reads one property: a message counts when its payload in
// the proven block (class C) and every Omni Core node say the same of it. The payload alone
// says nothing: anybody can write one that moves what he does not have. One that every node
// calls invalid is a Transfer of zero. Wallets of sh(wsh(…)) send the property from their own
// address where they are made with WalletConfig.Omni, and bring it there from deposit addresses
// (sweeps); signers read that with ExplainConfig.Omni. All of it is off by default.
//
// The sending half is Wallet over a Descriptor, a multisig of keys that stay or are derived.
//
//	Selector → BuildPSBT → Explainer (signers link this half alone) → Finalize → broadcast
//
// A payout's coins are fixed when it is planned; each attempt spends the shortest prefix of
// them that pays for it, so that all attempts share the first coin, which is the slot. A PSBT
// is believed when writing it again, from what was derived and hashed, gives the same bytes;
// a signature when it holds for the digest and the child key that were computed here; a
// finished transaction when the script engine ran every input.
//
// The nodes of a network are behind one Client, which judges them and goes to another one when
// one fails or does not tell the truth. What their errors mean is Classify's alone.
package utxo
